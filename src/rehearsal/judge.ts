import { type Problem, printable } from '../core/index.ts';
import { type Expectation, isTouched, meets, type Release } from '../release/index.ts';
import { type Conditions } from './leftovers.ts';
import { differencesOf, type Standing } from './standing.ts';
import { type Rehearsal, type StepMeasure } from './rehearsal.ts';

/** Names each declared value that a measured metric misses. */
export function judgeInvariants(
  expected: Readonly<Record<string, Expectation>>,
  measured: Readonly<Record<string, number>>,
  when: string,
): readonly Problem[] {
  return Object.entries(expected).flatMap(([name, want]) => {
    const value = measured[name];
    if (value !== undefined && meets(value, want)) return [];
    return [
      {
        code: 'INVARIANT_VIOLATED' as const,
        problem: `${when}: metric ${name} is ${value ?? 'not measured'}, expected ${explainExpectation(want)}`,
        fix: `correct the release so that ${name} is as declared, or correct the invariant in release.yaml`,
      },
    ];
  });
}

function explainExpectation(want: Expectation): string {
  if (want.equals !== undefined) return String(want.equals);
  return [want.atLeast === undefined ? '' : `≥ ${want.atLeast}`, want.atMost === undefined ? '' : `≤ ${want.atMost}`]
    .filter((part) => part !== '')
    .join(' and ');
}

/** Splits a name that is quoted as in SQL into its parts, unquoted. */
export function splitName(name: string): readonly string[] {
  return [...name.matchAll(/"((?:[^"]|"")*)"|([^."(]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'),
  );
}

/** Kinds whose name begins with the name of their table. */
const partsOfTables = ['table', 'foreign table', 'column', 'constraint', 'trigger', 'policy', 'rule'];
const twoParts = /^(?:"(?:[^"]|"")*"|[^."\s]+)\.(?:"(?:[^"]|"")*"|[^."\s]+)/;

/**
 * The tables that steps changed, in either direction: by rows, a rewrite or TRUNCATE (both give another file), or a part of their definition
 * that differs: a column, a constraint, an index, a trigger, a policy.
 */
export function touchedBy(
  release: Pick<Release, 'touches'>,
  steps: readonly StepMeasure[],
  standing: Standing | null,
): Rehearsal['touched'] {
  const changes = standing === null ? [] : differencesOf(standing);
  const written = steps.flatMap((step) => [
    ...step.rowsByRelation.map((row) => row.relation),
    ...(step.rewrittenTables ?? []),
  ]);
  const otherRows = changes.filter((change) => change.in === 'rows').map((change) => change.name);
  const defined = changes
    .filter((change) => change.in === 'schema' && partsOfTables.includes(change.kind))
    .map((change) => change.name.match(twoParts)?.[0] ?? change.name);
  const indexed =
    standing === null
      ? []
      : changes
          .filter((change) => change.in === 'schema' && change.kind === 'index')
          .flatMap((change) => tableOf(change.name, standing));
  return [...new Set([...written, ...otherRows, ...defined, ...indexed])]
    .sort()
    .map((relation) => ({ relation, declared: isTouched(splitName(relation), release.touches) }));
}

/** The tables that steps held so that nobody else could read them: they may have been changed in a way that nothing counts. */
export function heldBy(steps: readonly StepMeasure[]): readonly string[] {
  const held = steps.flatMap(({ locks }) =>
    locks.filter(({ mode, kind, age }) => mode === 'AccessExclusiveLock' && age === 'existing' && kind !== 'i'),
  );
  return [...new Set(held.map(({ relation }) => relation))];
}

/** The table of an index, from its definition before or after. */
function tableOf(index: string, { delta }: Standing): readonly string[] {
  const object = [...delta.originals, ...delta.objects].find(({ kind, name }) => kind === 'index' && name === index);
  const definition = String(object?.logical['definition'] ?? '');
  // the name of an index may hold anything, so the text behind it is looked at
  const own = index.slice((index.match(/^(?:"(?:[^"]|"")*"|[^."]+)\./)?.[0] ?? '').length);
  const rest = definition.slice(definition.indexOf(`INDEX ${own} ON `) + `INDEX ${own} ON `.length);
  return rest.replace(/^ONLY /, '').match(twoParts) ?? [];
}

/** A problem for each touched table that the release does not declare. */
export function undeclared(touched: Rehearsal['touched']): readonly Problem[] {
  return touched
    .filter((one) => !one.declared)
    .map((one) => ({
      code: 'TOUCHED_UNDECLARED' as const,
      problem: `the release changes ${printable(one.relation)}, which \`touches\` does not declare`,
      fix: `add ${printable(one.relation)} to \`touches\` in release.yaml, or correct the statement that changes it`,
    }));
}

/** An index that was invalid before, and that IF NOT EXISTS took for the one that the release wants. */
export function skippedInvalid(before: Conditions, steps: readonly Pick<StepMeasure, 'notices'>[]): readonly Problem[] {
  const said = steps.flatMap(({ notices }) => notices.map(({ message }) => message));
  return before.conditions
    .filter(({ kind, state, name }) => {
      // the notice has the name alone, the condition that of the schema too
      const own = name
        .replace(/^(?:"(?:[^"]|"")*"|[^."]+)\./, '')
        .replace(/^"(.*)"$/s, '$1')
        .replaceAll('""', '"');
      return kind === 'index' && state === 'invalid' && said.includes(`relation "${own}" already exists, skipping`);
    })
    .map(({ name }) => ({
      code: 'INDEX_INVALID' as const,
      problem: printable(
        `index ${name} was invalid before the release, and IF NOT EXISTS takes it for the one that is wanted`,
      ),
      fix: printable(`drop it first: drop index if exists ${name}, or REINDEX it outside of the release`),
    }));
}
