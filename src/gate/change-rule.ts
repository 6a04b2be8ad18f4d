import { type StatementDigest } from '../evidence/index.ts';
import { isInPlace } from './ratified-cycles.ts';
import { explainOpens } from '../people/index.ts';
import { type CycleRow } from './rows.ts';

/** What another registry or policy does to what people ratified, in one sentence; what it does to each ratification is computed below. */
export const changeRule =
  'another registry or policy closes every rollout at once; the rollback of what is rolled out, in part or whole, stays open until its own time ends; a rollback that a further ratification opened again is closed too';

/**
 * What a change of registry or policy closes of the ratifications of a database, and what stays open of each: one line each, of those that are
 * open for something now. A ratification names the registry and the policy that it was signed under; the rollback of what has begun is judged by
 * these, and one that carries a rollback on by those in force.
 *
 * Source  docs/RULES.md, docs/decisions/0008-way-back.md.
 */
export function closedByChange(cycles: readonly CycleRow[]): readonly string[] {
  return cycles
    .filter(({ closed }) => closed.up === null || closed.down === null)
    .map((cycle) => {
      const { statement, opens, closed } = cycle;
      if (opens.what !== 'rollout' || !isInPlace(cycle))
        return `ratification ${statement}, open for ${explainOpens(opens)}`;
      const what = `ratification ${statement}, rolled out in part or whole`;
      if (closed.down !== null) return `the rollout of ${what}; its rollback is closed already`;
      const by = carriedBy(cycles, statement);
      return by === null
        ? `the rollout of ${what}; its rollback stays open until its own time ends`
        : `the further ratification for the rollback of ${what} (${by}); the rollback stays open only until its own time ends`;
    });
}

/** The ratification that carries a rollback on now; null: there is none. */
function carriedBy(cycles: readonly CycleRow[], cycle: StatementDigest): StatementDigest | null {
  const found = cycles.find(
    ({ opens, closed }) => opens.what === 'rollback' && opens.cycle === cycle && closed.down === null,
  );
  return found?.statement ?? null;
}
