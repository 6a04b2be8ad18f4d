import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseDocument } from 'yaml';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { draftBack, type RolledOut } from './draft-back.ts';
import { readFiles } from './files.io.ts';
import { readManifest } from './read-manifest.ts';
import { type Release } from './release.ts';
import { releaseTemplate, tierTemplate } from './template.ts';

/**
 * Writes a new release for a database, which lint accepts, into a folder, and returns the paths of its files.
 *
 * Errors  ALREADY_EXISTS, before anything is written; FILE_UNREADABLE where the folder cannot be written.
 */
export async function initRelease(folder: string, database = 'app'): Promise<readonly string[]> {
  const root = resolve(folder);
  return writeNew(
    root,
    releaseTemplate({ name: slugOf(basename(root)), schema: schemaFor(root), database: JSON.stringify(database) }),
  );
}

/**
 * Refuses a folder in which a new release would meet a file that is there, before a command writes anything.
 *
 * Errors  ALREADY_EXISTS.
 */
export async function refuseExistingRelease(folder: string): Promise<void> {
  const root = resolve(folder);
  await refuseExisting(
    [...releaseTemplate({ name: 'release', schema: '', database: 'app' }).keys()].map((path) => join(root, path)),
  );
}

/**
 * Adds a tier that does nothing to a release after its last one, and returns the paths that were written; comments in release.yaml stay.
 *
 * Errors  USAGE for a name that no tier can have, ALREADY_EXISTS, FILE_UNREADABLE, those of reading a release, YAML_*.
 */
export async function newTier(folder: string, name: string): Promise<readonly string[]> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 60) {
    throw new OneRoofError('USAGE', {
      ...stated`"${{ name: printable(name.slice(0, 80)) }}" cannot be the name of a tier; expected lower-case letters, digits and hyphens, at most 60`,
      fix: 'give the name without its number, for example: oneroof new tier my-release backfill-owners',
    });
  }
  const root = resolve(folder);
  await readFiles(root);
  const file = join(root, 'release.yaml');
  const text = await readFile(file, 'utf8');
  const id = `${readManifest(text).tiers.length + 1}-${name}`;
  const document = parseDocument(text);
  document.addIn(['tiers'], document.createNode({ id, title: titleOf(name) }));
  const changed = document.toString({ lineWidth: 120 });
  readManifest(changed);
  const files = new Map([...tierTemplate].map(([path, content]) => [`tiers/${id}/${path}`, content]));
  const written = await writeNew(root, files);
  await replace(file, changed);
  return [...written, file];
}

/**
 * Writes the draft of a release that undoes what is rolled out into a new folder, and returns the paths of its files.
 *
 * Errors  DRAFT_IMPOSSIBLE and ALREADY_EXISTS, before anything is written; FILE_UNREADABLE, those of reading a release.
 */
export async function writeDraftBack(of: {
  /** The folder of the release that is rolled out. */
  readonly from: string;
  readonly folder: string;
  readonly release: Release;
  readonly rolledOut: RolledOut;
}): Promise<readonly string[]> {
  return writeNew(resolve(of.folder), draftBack(await readFiles(of.from), of.release, of.rolledOut));
}

/**
 * Writes files of a release, each whole or not at all, in their order; what is there is replaced.
 *
 * Errors  FILE_UNREADABLE where the folder cannot be written.
 */
export async function writeReleaseFiles(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const paths = [...files].map(([path, content]) => ({ path: join(resolve(folder), path), content }));
  for (const { path, content } of paths) {
    await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
    await replace(path, content);
  }
  return paths.map(({ path }) => path);
}

async function writeNew(root: string, files: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const paths = [...files].map(([path, content]) => ({ path: join(root, path), content }));
  await refuseExisting(paths.map(({ path }) => path));
  const made: string[] = [];
  for (const { path, content } of paths) {
    try {
      const folder = await mkdir(dirname(path), { recursive: true });
      if (folder !== undefined) made.push(folder);
      await writeFile(path, content, { flag: 'wx' });
      made.push(path);
    } catch (cause) {
      // all or nothing: half a release would refuse the next attempt
      for (const one of made) await rm(one, { recursive: true, force: true });
      throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? exists(path) : unwritable(path, cause);
    }
  }
  return paths.map(({ path }) => path);
}

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) if ((await lstat(path).catch(() => null)) !== null) throw exists(path);
}

async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw unwritable(file, cause);
  }
}

function exists(file: string): OneRoofError {
  return new OneRoofError('ALREADY_EXISTS', {
    ...stated`${{ file }} cannot be created: it exists already, or a file has the name of its folder`,
    fix: 'name another folder, or remove it first',
  });
}

function unwritable(file: string, cause: unknown): OneRoofError {
  return new OneRoofError('FILE_UNREADABLE', {
    ...stated`${{ file }} cannot be written: ${{ said: (cause as Error).message }}`,
    fix: 'check the permissions of the folder',
    cause,
  });
}

/** Where release.yaml finds its JSON Schema: by a path that colleagues have too where the project installed One Roof, else on this machine. */
function schemaFor(root: string): string {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'release.schema.json');
  const [project, inside] = file.split('/node_modules/oneroof/');
  const isOfProject = inside !== undefined && root.startsWith(`${project}/`);
  return isOfProject ? relative(root, file) : pathToFileURL(file).href;
}

/** A name as the name of a release; `release` where nothing of it can be one. */
export function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '');
  return slug === '' ? 'release' : slug;
}

function titleOf(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
