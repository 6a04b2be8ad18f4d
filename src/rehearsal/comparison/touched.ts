import { z } from 'zod';
import { type Formed, type Problem, printable, stated } from '../../core/index.ts';
import { isTouched, type Release } from '../../release/index.ts';
import { type StepMeasure } from '../tier/index.ts';
import { type CloneDifference, differencesOf } from './clone-difference.ts';
import { splitName } from './relation-name.ts';

/** A table whose rows or definition changed, and whether `touches` declares it. */
export const touchedForm = z.object({ relation: z.string(), declared: z.boolean() });
export type Touched = Formed<typeof touchedForm>;

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
  standing: CloneDifference | null,
): readonly Touched[] {
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

/** The tables that steps locked against readers: they may have been changed in a way that no counter shows. */
export function heldBy(steps: readonly StepMeasure[]): readonly string[] {
  const held = steps.flatMap(({ locks }) =>
    locks.filter(({ mode, kind, age }) => mode === 'AccessExclusiveLock' && age === 'existing' && kind !== 'i'),
  );
  return [...new Set(held.map(({ relation }) => relation))];
}

/** The table of an index, from its definition before or after. */
function tableOf(index: string, { delta }: CloneDifference): readonly string[] {
  const object = [...delta.originals, ...delta.objects].find(({ kind, name }) => kind === 'index' && name === index);
  const definition = String(object?.logical['definition'] ?? '');
  // the name of an index may hold anything, so the text after it is checked
  const own = index.slice((index.match(/^(?:"(?:[^"]|"")*"|[^."]+)\./)?.[0] ?? '').length);
  const rest = definition.slice(definition.indexOf(`INDEX ${own} ON `) + `INDEX ${own} ON `.length);
  return rest.replace(/^ONLY /, '').match(twoParts) ?? [];
}

/** A problem for each touched table that the release does not declare. */
export function undeclared(touched: readonly Touched[], steps: readonly StepMeasure[]): readonly Problem[] {
  return touched
    .filter((one) => !one.declared)
    .map((one) => ({
      code: 'TOUCHED_UNDECLARED' as const,
      ...stated`the release changes ${{ relation: printable(one.relation) }}, which \`touches\` does not declare${how(one.relation, steps)}`,
      fix: `add ${printable(one.relation)} to \`touches\` in release.yaml, or correct the statement that changes it`,
    }));
}

/** What the first step did to its rows that did something. */
function how(relation: string, steps: readonly StepMeasure[]): string {
  for (const { tier, direction, index, emptied = [], rowsByRelation } of steps) {
    const row = rowsByRelation.find((one) => one.relation === relation);
    const done = (['deleted', 'updated', 'inserted'] as const).flatMap((what) =>
      row === undefined || row[what] === 0 ? [] : [`${row[what]} rows ${what}`],
    );
    const what = emptied.includes(relation) ? ['all its rows removed'] : done;
    if (what.length > 0) return `: ${what.join(', ')} by statement ${index} of tier ${tier} ${direction}`;
  }
  return '';
}
