import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OneRoofError, type Problem, shortDigest, stated } from '../core/index.ts';
import { assemble } from './assemble.ts';
import { readFiles } from './files.io.ts';
import { aroundDown } from './imported-tier.ts';
import { loadParser } from './parser.io.ts';
import { type Release, type Seal, type SealedRelease } from './release.ts';
import { readSealFile } from './sealed.ts';
import { type SealChange, sealChanges, type SealDocument, sealDocument, sealOf } from './seal.ts';

/** Reads and checks a release; all that is wrong comes as problems. */
export async function lintRelease(
  folder: string,
): Promise<{ readonly release: Release | null; readonly problems: readonly Problem[] }> {
  try {
    const [files, parser] = await Promise.all([readFiles(folder), loadParser()]);
    return assemble({ folder, files, parser });
  } catch (error) {
    if (error instanceof OneRoofError) return { release: null, problems: error.problems };
    throw error;
  }
}

/** A release of which a tier lacks its down; `around`: the statements that this down has to begin and to end with, where the tier is a migration of another tool. */
interface WithoutDown {
  readonly release: Release;
  readonly around: readonly [string, string] | null;
}

/**
 * Reads and checks a release whose downs may be missing, to draft the down of a tier.
 *
 * Errors  ALREADY_EXISTS where that tier has a down that does something; every problem of `lintRelease`.
 */
export async function readWithoutDown(folder: string, tier: string): Promise<WithoutDown> {
  const [files, parser] = await Promise.all([readFiles(folder), loadParser()]);
  const down = `tiers/${tier}/down.sql`;
  const { statements, problems: unread } = parser.parse(down, files.get(down) ?? '');
  if (unread.length > 0 || statements.some(({ step }) => !/^select\s+1$/i.test(step.sql)))
    throw new OneRoofError('ALREADY_EXISTS', {
      ...stated`${{ file: down }} has statements already, and they would be lost`,
      fix: `move it away or remove it, and take out of tiers/${tier}/up.sql what an earlier draft added`,
      place: { file: down },
    });
  const others = new Map([...files].filter(([path]) => path !== down));
  const { release, problems } = assemble({ folder, files: others, parser, isDownOptional: true });
  OneRoofError.throwIfAny(problems);
  if (release === null) throw neither();
  return { release, around: aroundDown(release, { tier, files, parser }) };
}

/**
 * Reads and checks a release.
 *
 * Errors  every problem of `lintRelease`, in one error.
 */
export async function readRelease(folder: string): Promise<Release> {
  const { release, problems } = await lintRelease(folder);
  OneRoofError.throwIfAny(problems);
  if (release !== null) return release;
  throw neither();
}

function neither(): OneRoofError {
  return new OneRoofError('INTERNAL', {
    ...stated`a release was neither read nor refused`,
    fix: 'please report this with the release',
  });
}

/** Seals a release: writes seal.json beside release.yaml, whole or not at all. */
export async function sealRelease(folder: string): Promise<SealedRelease> {
  const release = await readRelease(folder);
  const document = sealDocument(release);
  const seal = sealOf(document);
  const file = join(folder, 'seal.json');
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, `${JSON.stringify({ seal, document }, null, 2)}\n`);
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new OneRoofError('FILE_UNREADABLE', {
      ...stated`seal.json cannot be written: ${{ said: (cause as Error).message }}`,
      fix: 'check the permissions of the release folder',
      place: { file },
      cause,
    });
  }
  return { release, seal };
}

/** The files of a release, as they were sealed: path below the folder → text. With them a release can be read where its folder is not. */
export async function readSources(folder: string): Promise<Readonly<Record<string, string>>> {
  const files = await readFiles(folder);
  return Object.fromEntries([...files].filter(([path]) => path !== 'seal.json'));
}

/**
 * Reads a sealed release from its files alone; they must be what was sealed.
 *
 * Errors  SEAL_BROKEN.
 */
export async function readSealedSources(
  sources: Readonly<Record<string, string>>,
  expected: string,
): Promise<SealedRelease> {
  const files = new Map(Object.entries(sources));
  const { release } = assemble({ folder: '', files, parser: await loadParser() });
  const seal = release === null ? null : sealOf(sealDocument(release));
  if (release !== null && seal !== null && seal === expected) return { release, seal };
  throw new OneRoofError('SEAL_BROKEN', {
    ...stated`the recorded files are not the release with the seal ${{ seal: expected }}`,
    fix: 'seal the release again with this version of oneroof, which records its files',
  });
}

/** What a release was sealed as, what it would be sealed as now, and what lies between. */
export interface SealCheck {
  readonly sealed: Seal | null;
  readonly current: Seal;
  readonly changes: readonly SealChange[];
}

/** Compares a release with its seal.json; `sealed` is null where there is none. */
export async function checkSeal(folder: string): Promise<SealCheck> {
  return check(folder, await readRelease(folder));
}

async function check(folder: string, release: Release): Promise<SealCheck> {
  const document = sealDocument(release);
  const current = sealOf(document);
  const stored = await readStored(folder);
  if (stored === null) return { sealed: null, current, changes: [] };
  return { sealed: stored.seal, current, changes: sealChanges(stored.document, document) };
}

/**
 * Reads a release that must be exactly what was sealed.
 *
 * Errors  SEAL_MISSING, SEAL_BROKEN, and every problem of `lintRelease`.
 */
export async function readSealed(folder: string): Promise<SealedRelease> {
  const release = await readRelease(folder);
  const { sealed, current, changes } = await check(folder, release);
  const place = { file: join(folder, 'seal.json') };
  if (sealed === null) {
    throw new OneRoofError('SEAL_MISSING', {
      ...stated`this release is not sealed`,
      fix: `oneroof seal ${folder}`,
      place,
    });
  }
  if (sealed !== current) {
    const what = changes
      .slice(0, 3)
      .map(({ path }) => path)
      .join(', ');
    throw new OneRoofError('SEAL_BROKEN', {
      ...stated`the release changed after it was sealed as ${{ seal: shortDigest(sealed) }}; changed: ${{ files: what === '' ? 'seal.json itself' : what }}`,
      fix: `see all changes with: oneroof seal --check ${folder}; then seal again, and rehearse again`,
      place,
    });
  }
  return { release, seal: current };
}

async function readStored(folder: string): Promise<{ readonly seal: Seal; readonly document: SealDocument } | null> {
  const file = join(folder, 'seal.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new OneRoofError('FILE_UNREADABLE', {
      ...stated`seal.json cannot be read: ${{ said: (cause as Error).message }}`,
      fix: 'check its permissions',
      place: { file },
      cause,
    });
  }
  try {
    const read = readSealFile(JSON.parse(text));
    if (read !== null) return read;
  } catch (cause) {
    throw new OneRoofError('SEAL_BROKEN', {
      ...stated`seal.json is not JSON`,
      fix: `oneroof seal ${folder}`,
      place: { file },
      cause,
    });
  }
  throw new OneRoofError('SEAL_BROKEN', {
    ...stated`seal.json has no seal and document`,
    fix: `oneroof seal ${folder}`,
    place: { file },
  });
}
