import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The files of test/ that start a server, a browser or the command line. */
const starting = [
  'test/database.io.ts',
  'test/binaries.io.ts',
  'test/signing/browser.io.ts',
  'test/cli/run.io.ts',
  'test/demo/run.io.ts',
];
/** The functions of src/ that start a server. */
const starters = /\b(?:startTemporaryServer|startServer|embeddedBinaries|findBinaries)\(/;

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Every test, from the root. */
export function allTests(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => `test/${name}`)
    .toSorted();
}

/** A file of test/ with all that it imports from test/. */
function reached(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path = ''] of textOf(file).matchAll(/\bfrom '(\.[^']+)'/g)) {
    const to = relative(root, join(root, dirname(file), path));
    if (to.startsWith('test/') && to.endsWith('.ts')) reached(to, found);
  }
  return found;
}

/** The tests that need no server and no browser, from the root: what they import decides, so that nobody keeps a list. */
export function quickTests(): string[] {
  return allTests().filter((file) =>
    [...reached(file)].every((one) => !starting.includes(one) && !starters.test(textOf(one))),
  );
}

/** The tests that do more in `npm run test:long`: larger counts, or every version instead of the newest. */
export function longTests(): string[] {
  const counts = /\bfrom '[./]*\/counts\.ts'/;
  const newest = /\bnewest\b[^;]*\bfrom '[./]*\/database\.io\.ts'/;
  const isLong = (file: string): boolean => counts.test(textOf(file)) || newest.test(textOf(file));
  return allTests().filter((file) => [...reached(file)].some((one) => one !== 'test/database.io.ts' && isLong(one)));
}
