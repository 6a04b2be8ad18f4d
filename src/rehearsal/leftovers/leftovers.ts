import { z } from 'zod';
import { type Formed, type Problem, printable, stated } from '../../core/index.ts';
import { type StepMeasure } from '../tier/index.ts';

/** A part of the schema that can exist without being in force. */
const conditionForm = z.object({
  kind: z.enum(['index', 'constraint', 'trigger', 'foreign key', 'materialized view', 'table']),
  /** Names it as a person would, e.g. `t_check on public.t`. */
  name: z.string(),
  state: z.enum(['in force', 'invalid', 'not valid', 'not enforced', 'disabled', 'not populated', 'unlogged']),
});
export type Condition = Formed<typeof conditionForm>;

/** The columns of a table: the server never gives a number twice, and knows 1,600 of them. */
export interface ColumnNumbers {
  readonly name: string;
  readonly dropped: number;
  readonly highest: number;
}

/** What a database holds that can be left behind. */
export interface Conditions {
  readonly conditions: readonly Condition[];
  readonly columns: readonly ColumnNumbers[];
}

/** A fact for the report. `made`: the release made it so; `switched`: it was in force before. */
export const leftoverForm = z.union([
  conditionForm.extend({ since: z.enum(['made', 'switched']) }),
  z.object({ kind: z.literal('columns'), name: z.string(), burned: z.number(), left: z.number() }),
]);
export type Leftover = Formed<typeof leftoverForm>;

/** The most columns that a table can have had. Source: PostgreSQL manual, "PostgreSQL Limits". */
const mostColumns = 1600;
// what a person still has time for: a release of a hundred more cycles
const scarce = 100;

/** What a release leaves behind between two moments. Earlier leftovers are not from the release. */
export function leftoversBetween(before: Conditions, after: Conditions): readonly Leftover[] {
  const was = new Map(before.conditions.map((one) => [`${one.kind} ${one.name}`, one.state]));
  const conditions = after.conditions.flatMap((one): readonly Leftover[] => {
    const earlier = was.get(`${one.kind} ${one.name}`);
    if (one.state === 'in force' || one.state === earlier) return [];
    return [{ ...one, since: earlier === 'in force' ? 'switched' : 'made' }];
  });
  const dropped = new Map(before.columns.map(({ name, dropped }) => [name, dropped]));
  const columns = after.columns.flatMap(({ name, highest, dropped: now }): readonly Leftover[] => {
    const burned = now - (dropped.get(name) ?? 0);
    return burned > 0 ? [{ kind: 'columns', name, burned, left: mostColumns - highest }] : [];
  });
  return [...conditions, ...columns];
}

/** Those leftovers that are wrong: debris, what was in force and is not, and a table that soon takes no column any more. */
export function judgeLeftovers(
  found: readonly Leftover[],
  allows: Readonly<Record<string, string>>,
): readonly Problem[] {
  return found.flatMap((one): readonly Problem[] => {
    const name = printable(one.name);
    if (one.kind === 'columns')
      return one.left >= scarce
        ? []
        : [
            {
              code: 'COLUMNS_SCARCE',
              ...stated`table ${{ name }} has ${{ remaining: one.left }} of ${{ most: mostColumns }} column numbers left: this release used ${{ used: one.burned }} by dropping columns`,
              fix: 'create the table again (CREATE TABLE … AS, rename) before you add and drop more columns',
            },
          ];
    if (one.kind === 'index')
      return [
        {
          code: 'INDEX_INVALID',
          ...stated`index ${{ name }} is invalid after the forward run`,
          fix: 'drop it and build it again in a tier of its own',
        },
      ];
    if (one.state === 'not valid' && allows['notValid'] !== undefined) return [];
    if (one.state === 'not valid')
      return [
        {
          code: 'CONSTRAINT_NOT_VALID',
          ...stated`constraint ${{ name }} was never validated`,
          fix: 'add ALTER TABLE … VALIDATE CONSTRAINT in a later tier, or say why it waits for a later release under `allows: {notValid: …}` in release.yaml',
        },
      ];
    // what the release itself creates that way is visible in its text; what it disables may have been forgotten
    if (one.since === 'made' || allows['switchOff'] !== undefined) return [];
    return [
      {
        code: 'SWITCHED_OFF',
        ...stated`${{ kind: one.kind }} ${{ name }} was in force before the release, and is ${{ state: one.state }} after it`,
        fix: 'enable it again in the last tier that needs it disabled, or say why under `allows: {switchOff: …}` in release.yaml',
      },
    ];
  });
}

/** An index that was invalid before, and that IF NOT EXISTS accepted as the one that the release wants. */
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
      ...stated`index ${{ name: printable(name) }} was invalid before the release, and IF NOT EXISTS accepts it as the wanted index`,
      fix: printable(`drop it first: drop index if exists ${name}, or REINDEX it outside of the release`),
    }));
}
