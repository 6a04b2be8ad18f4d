import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { runGit } from './git.io.ts';
import { byteOrder, type FileText, parentOf, type RepositoryFiles } from './repository.ts';

/** The largest file that is read. A dump of a schema is smaller; data in larger ones is no migration. */
const largestFile = 16 * 1024 * 1024;
/** The most files of a repository; the largest public ones have some 400,000. */
const mostFiles = 1_000_000;
/** What comes from elsewhere, or is not the work of people. */
const foreign = /(?:^|\/)(?:node_modules|vendor|third_party|bower_components|\.git|\.venv|site-packages|Pods)(?:\/|$)/;

/** A repository on this machine. */
export interface Repository extends RepositoryFiles {
  /** Its folder, as an absolute path. */
  readonly root: string;
  /** The folder that was asked for, from the root; empty where it is the root. */
  readonly below: string;
}

/**
 * Lists the repository in which a folder lies: what Git knows and does not ignore; where there is no repository, all files below the folder. Links
 * are not followed, and nothing outside of the root is read.
 *
 * Errors  CONFIG_NOT_FOUND.
 */
export async function listRepository(folder: string): Promise<Repository> {
  const here = await realpath(folder).catch(() => null);
  if (here === null || !(await stat(here)).isDirectory()) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`${{ folder: printable(folder) }} is ${here === null ? 'missing' : 'not a folder'}`,
      fix: 'name the folder of a repository with migrations',
    });
  }
  const top = await runGit(here, ['rev-parse', '--show-toplevel']);
  const found = top === null ? null : await realpath(top.replace(/\n$/, ''));
  // its configuration may name any folder as the work tree: one in which this one is not is none of it
  const isAround = found !== null && !relative(found, here).startsWith('..');
  const root = isAround ? found : here;
  const listed = isAround ? await tracked(root) : null;
  const paths = (listed ?? (await walked(root))).filter((path) => !foreign.test(path)).toSorted(byteOrder);
  const listedPaths = new Set(paths);
  const known = new Map<string, FileText>();
  return {
    root,
    below: relative(root, here).split(sep).join('/'),
    paths,
    read: (path) => {
      const text =
        known.get(path) ?? (listedPaths.has(path) ? readText(root, path) : { text: '', problem: 'is missing' });
      known.set(path, text);
      return text;
    },
  };
}

/** What Git knows of the files: those that are tracked and not deleted, and new ones that it does not ignore. */
async function tracked(root: string): Promise<readonly string[] | null> {
  const [all, deleted] = await Promise.all([
    runGit(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']),
    runGit(root, ['ls-files', '-z', '--deleted']),
  ]);
  if (all === null || deleted === null) return null;
  const missing = new Set(deleted.split('\0'));
  return all.split('\0').filter((path) => path !== '' && !missing.has(path));
}

async function walked(root: string, below = '', found: string[] = []): Promise<string[]> {
  for (const entry of await readdir(join(root, below), { withFileTypes: true }).catch(() => [])) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (foreign.test(path) || found.length > mostFiles) continue;
    if (entry.isDirectory()) await walked(root, path, found);
    else if (entry.isFile()) found.push(path);
  }
  return found;
}

/** A link could lead to a file of this machine that is none of the repository's, whose lines would then be in messages: links are not read. */
function readText(root: string, path: string): FileText {
  const problem = (text: string): FileText => ({ text: '', problem: text });
  try {
    const folder = join(root, parentOf(path));
    if (realpathSync(folder) !== folder.replace(/\/$/, '')) return problem('is behind a link');
    const file = openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size, isFile } = ((found) => ({ size: found.size, isFile: found.isFile() }))(fstatSync(file));
      if (!isFile) return problem('is not a file');
      if (size > largestFile) return problem(`has ${size} bytes; the limit is ${largestFile}`);
      // a byte order mark stays: most tools send it, and the server refuses it
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
      return text.includes('\0') ? problem('contains a NUL') : { text, problem: null };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return problem('is a link');
    return problem(
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        ? 'is not UTF-8'
        : code === 'ENOENT'
          ? 'is missing'
          : 'cannot be read',
    );
  }
}
