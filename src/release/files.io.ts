import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OneRoofError, type Problem, stated } from '../core/index.ts';
import { type ReleaseFiles } from './files.ts';
import { migrationsFolder } from './tool-steps.ts';

/** The largest file of a release. A seed of many megabytes belongs into a table, not into statements. */
const largestFile = 16 * 1024 * 1024;

/**
 * Reads every file of a release folder as text: without a byte order mark, with LF line ends.
 *
 * Errors  RELEASE_NOT_A_FOLDER, RELEASE_NO_MANIFEST, FILE_UNREADABLE, FILE_TOO_LARGE, FILE_NOT_TEXT, FILE_OUTSIDE (every link),
 *         IMPORT_FILE_CHANGED.
 * Source  docs/decisions/0002-line-endings.md.
 */
export async function readFiles(folder: string): Promise<ReleaseFiles> {
  const stat = await lstat(folder).catch(() => null);
  if (stat === null || !stat.isDirectory()) {
    throw new OneRoofError('RELEASE_NOT_A_FOLDER', {
      ...stated`${{ folder }} is ${stat === null ? 'missing' : 'not a folder'}; a release is a folder with a release.yaml`,
      fix: 'name the folder of a release, or make one: oneroof init FOLDER',
      place: { file: folder },
    });
  }
  const files = new Map<string, string>();
  const problems: Problem[] = [];
  await readInto({ root: folder, files, problems }, '');
  if (!files.has('release.yaml') && problems.length === 0) {
    throw new OneRoofError('RELEASE_NO_MANIFEST', {
      ...stated`${{ folder }} holds no release.yaml`,
      fix: 'name the folder of a release, or make one: oneroof init FOLDER',
      place: { file: folder },
    });
  }
  OneRoofError.throwIfAny(problems);
  return files;
}

/** What one reading collects. */
interface Reading {
  readonly root: string;
  readonly files: Map<string, string>;
  readonly problems: Problem[];
}

async function readInto(reading: Reading, below: string): Promise<void> {
  const entries = await readdir(join(reading.root, below), { withFileTypes: true }).catch((cause: Error) => {
    reading.problems.push({
      code: 'FILE_UNREADABLE',
      ...stated`${below === '' ? 'the folder' : below} cannot be read: ${{ said: cause.message }}`,
      fix: 'check its permissions',
      place: { file: below === '' ? reading.root : below },
    });
    return [];
  });
  // the production of a worked example is data for a demo, not part of the release
  const wanted = entries.filter(({ name }) => !name.startsWith('.') && !(below === '' && name === 'production'));
  for (const entry of wanted.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) await readInto(reading, path);
    else if (entry.isFile()) await readOne(reading, path);
    else {
      reading.problems.push({
        code: 'FILE_OUTSIDE',
        ...stated`${{ file: path }} is a link or a special file, and its target would not be sealed`,
        fix: 'copy the file itself into the release',
        place: { file: path },
      });
    }
  }
}

async function readOne({ root, files, problems }: Reading, path: string): Promise<void> {
  const place = { file: path };
  try {
    const { size } = await lstat(join(root, path));
    if (size > largestFile) {
      problems.push({
        code: 'FILE_TOO_LARGE',
        ...stated`${{ file: path }} has ${{ bytes: size }} bytes; the limit is ${{ most: largestFile }}`,
        fix: 'split the file, or load the data by other means',
        place,
      });
      return;
    }
    const bytes = await readFile(join(root, path));
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.includes('\0')) throw new TypeError('it contains a NUL');
    // the history of a tool has the checksum of these very bytes
    if (path.startsWith(migrationsFolder) && /[\r\uFEFF]/.test(text)) {
      problems.push({
        code: 'IMPORT_FILE_CHANGED',
        ...stated`${{ file: path }} has a byte order mark or line ends of Windows, and oneroof import writes neither`,
        fix: 'restore the file with LF, and keep it so: *.sql text eol=lf in .gitattributes',
        place,
      });
      return;
    }
    files.set(path, text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'));
  } catch (error) {
    const text = error instanceof TypeError;
    problems.push({
      code: text ? 'FILE_NOT_TEXT' : 'FILE_UNREADABLE',
      ...(text
        ? stated`${{ file: path }} is not UTF-8 text without NUL`
        : stated`${{ file: path }} cannot be read: ${{ said: (error as Error).message }}`),
      fix: text ? 'save it as UTF-8' : 'check its permissions',
      place,
    });
  }
}
