import { z } from 'zod';
import {
  digestForm,
  type Digest,
  type Formed,
  formProblem,
  OneRoofError,
  printable,
  stated,
} from '../../core/index.ts';
import { type CheckResult } from '../check-result.ts';
import { type FoundFault, foundIn } from './found.ts';

const knownForm = z.strictObject({
  /** Empty for the history before the judged migrations. */
  migration: z.string(),
  code: z.string(),
  cause: digestForm,
});
const baselineForm = z.strictObject({ version: z.literal(1), faults: z.array(knownForm) });

/** Faults that a repository knows of: by migration, code and cause, not by line. */
export type KnownFaults = Formed<typeof baselineForm>;
export type KnownFault = KnownFaults['faults'][number];

/** A result beside a baseline. */
export interface Compared {
  /** The keys of what was found and is known. */
  readonly known: ReadonlySet<Digest>;
  /** Errors that the baseline does not know: they fail the check. */
  readonly fresh: readonly FoundFault[];
  /** Entries of the baseline that were judged and not found: they can be taken out. */
  readonly vanished: readonly KnownFault[];
  readonly outcome: CheckResult['outcome'];
  /** What is to be said of where the baseline comes from; null: nothing. */
  readonly note: string | null;
}

/**
 * Reads a baseline.
 *
 * Errors  CHECK_BASELINE where it is not one.
 */
export function readKnownFaults(file: string, text: string): KnownFaults {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, 'it is not JSON', cause);
  }
  const problem = formProblem(value, baselineForm);
  if (problem !== null) throw invalid(file, problem);
  return value as KnownFaults;
}

/** The baseline that knows all errors and warnings of a result, as text. Notes never fail a check, so they are left out. */
export function baselineOf(result: CheckResult): string {
  const faults = foundIn(result)
    .filter(({ level }) => level !== 'note')
    .map(({ migration, code, key }) => ({ migration, code, cause: key }));
  const unique = new Map(faults.map((fault) => [`${fault.migration}\n${fault.code}\n${fault.cause}`, fault]));
  const sorted = [...unique].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, fault]) => fault);
  return `${JSON.stringify({ version: 1, faults: sorted } satisfies KnownFaults, null, 2)}\n`;
}

/** Divides what was found into known and new, and names what has vanished. */
export function compareBaseline(result: CheckResult, baseline: KnownFaults, note: Compared['note'] = null): Compared {
  const found = foundIn(result);
  const listed = new Set(baseline.faults.map(({ cause }) => cause));
  const present = new Set(found.map(({ key }) => key));
  const fresh = found.filter(({ level, key }) => level === 'error' && !listed.has(key));
  // what this run did not judge may still be wrong
  const judged = new Set(result.migrations.filter(({ verdict }) => verdict !== 'not-judged').map(({ id }) => id));
  const isJudged = ({ migration }: KnownFault): boolean =>
    judged.has(migration) || (result.scope.which === 'all' && !result.migrations.some(({ id }) => id === migration));
  return {
    known: new Set([...present].filter((key) => listed.has(key))),
    fresh,
    vanished: baseline.faults.filter((fault) => !present.has(fault.cause) && isJudged(fault)),
    outcome: fresh.length === 0 ? 'passed' : 'failed',
    note,
  };
}

/** Whether it is an error that the baseline does not know: only such a one fails the check. */
export function isFailure(found: FoundFault, compared: Compared | null): boolean {
  return found.level === 'error' && compared?.known.has(found.key) !== true;
}

function invalid(file: string, why: string, cause?: unknown): OneRoofError {
  return new OneRoofError('CHECK_BASELINE', {
    ...stated`${{ file: printable(file) }} is not a baseline: ${{ why }}`,
    fix: `write it again: oneroof check --baseline ${printable(file)} --write-baseline`,
    place: { file },
    cause,
  });
}
