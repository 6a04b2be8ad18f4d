import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { runGit } from '../import/index.ts';
import { type KnownFaults, readKnownFaults } from './output/index.ts';
import { type ChangedPaths } from './scope.io.ts';

/** The faults that a check does not fail on, and what is to be said of where they come from; null: nothing. */
export interface ReadBaseline {
  readonly faults: KnownFaults;
  readonly note: string | null;
}

/**
 * Reads a baseline. Inside of the repository the version of the merge base counts: the branch that is checked cannot list its own faults. What is not
 * there, or is no baseline there, lists none.
 *
 * Errors  CHECK_BASELINE, CONFIG_NOT_FOUND: of the file in the work tree, or outside of the repository.
 */
export async function readKnownFile(
  file: string,
  { root, changed }: { readonly root: string; readonly changed: ChangedPaths | { readonly unknown: string } },
): Promise<ReadBaseline> {
  const text = readText(file);
  const own = readKnownFaults(file, text);
  const path = relative(root, join(realpathSync(dirname(file)), basename(file)));
  if (path.startsWith('..') || isAbsolute(path)) return { faults: own, note: null };
  if ('unknown' in changed)
    return { faults: own, note: `the baseline is that of the branch itself, because ${changed.unknown}` };
  const before = await runGit(root, ['show', `${changed.base}:${path.split(sep).join('/')}`]);
  if (before === text) return { faults: own, note: null };
  const faults = before === null ? null : knownOrNull(file, before);
  return {
    faults: faults ?? { version: 1, faults: [] },
    note:
      before === null
        ? `the baseline is not in ${changed.since}, so no fault is known: it counts once it is merged`
        : faults === null
          ? `the baseline in ${changed.since} is not valid, so no fault is known: the new one counts once it is merged`
          : `this branch changes the baseline: that of ${changed.since} counts until it is merged`,
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`the baseline ${{ file: printable(file) }} cannot be read`,
      fix: 'write it first: oneroof check --write-baseline --baseline FILE',
      cause,
    });
  }
}

function knownOrNull(file: string, text: string): KnownFaults | null {
  try {
    return readKnownFaults(file, text);
  } catch {
    return null;
  }
}
