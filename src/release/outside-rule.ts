import { printable, type Problem, stated } from '../core/index.ts';
import { id } from '../database/index.ts';
import { type Statement } from './parser.ts';
import { type NoProbe, ofNoTier, type Probe, probeOf } from './probe.ts';
import { type RefusedProblem } from './refused-statements.ts';
import { type Step, type Tier, type TransactionMode } from './release.ts';

/**
 * Says why a statement cannot run in the transaction mode of its tier.
 *
 * Errors  RULE_OUTSIDE, RULE_CONCURRENTLY as refusals.
 */
export function refusedByMode(
  statement: Statement,
  { transaction, gated }: { readonly transaction: TransactionMode; readonly gated: boolean },
): readonly RefusedProblem[] {
  const { step } = statement;
  const probe = probeOf(statement);
  if (transaction === 'outside')
    return probe.act === null
      ? [
          [
            'RULE_OUTSIDE',
            stated`${{ title: step.title }} in a tier with \`transaction: outside\`: ${{ why: probe.problem }}`,
            probe.fix,
          ],
        ]
      : [];
  if (step.transactional || (transaction === 'each' && !gated)) return [];
  const where = transaction === 'single' ? 'this tier runs in one' : 'the gate runs each step of this tier in one';
  const inside = stated`${{ title: step.title }} cannot run inside a transaction, but ${where}`;
  return [['RULE_CONCURRENTLY', inside, gated || probe.act !== null ? inOutside(probe) : inEach]];
}

const inEach = 'give it a tier of its own with `transaction: each`';

/** What to do with a statement that no transaction takes: a tier for it, with its down. */
function inOutside(probe: Probe | NoProbe): string {
  const tier = 'a tier of its own with `transaction: outside`';
  if (probe === ofNoTier) return probe.fix;
  return probe.act === null ? `${probe.fix}, in ${tier}` : `give it ${tier}; ${downOf(probe)}`;
}

/** What goes into down.sql for a statement, as a clause. */
function downOf(probe: Probe): string {
  const text = downSql(probe);
  if (text !== null) return `its down: ${text}`;
  switch (probe.act) {
    case 'drop-index':
      return 'its down: the CREATE INDEX CONCURRENTLY that makes the index again';
    case 'detach':
    case 'finalize':
      return 'the tier is `oneWay: "<reason>"`, because ATTACH PARTITION runs in a transaction; or write DETACH without CONCURRENTLY';
    default:
      return 'nothing is to be undone, so its down.sql holds a comment alone';
  }
}

/** The statement that undoes another one, where its text says enough; null: it does not. */
function downSql(probe: Probe | undefined): string | null {
  if (probe?.act !== 'create-index') return null;
  const { schema, name } = probe;
  return printable(`DROP INDEX CONCURRENTLY IF EXISTS ${id(...(schema === null ? [] : [schema]), name).text};`);
}

/** The down.sql of an outside tier, where its up.sql says all of it; null: it does not. */
export function downOfTier(up: readonly Step[]): string | null {
  const texts = up.map(({ probe }) => downSql(probe)).toReversed();
  return texts.length === 0 || texts.includes(null) ? null : texts.join(' ');
}

/** Whether an up leaves nothing that a down could undo. */
export function undoesNothing(up: readonly Step[]): boolean {
  return up.length > 0 && up.every(({ probe }) => probe?.act === 'vacuum' || probe?.act === 'reindex');
}

/**
 * Names the steps of a down that fail where only the first steps of the up ran: a tier that is not in one transaction can be left so.
 *
 * Errors  RULE_OUTSIDE as problems.
 */
export function onlyAfterAll({ up, down }: Pick<Tier, 'up' | 'down'>): readonly Problem[] {
  if (up.length < 2) return [];
  return down.flatMap(({ title, place, probe }): readonly Problem[] => {
    const advice = adviceFor(probe);
    const fails = stated`${{ title }} fails if the tier is rolled back after a part of its up.sql`;
    return advice === null ? [] : [{ code: 'RULE_OUTSIDE', ...fails, fix: advice, place }];
  });
}

function adviceFor(probe: Probe | undefined): string | null {
  if (probe?.act === 'create-index') return 'give each DROP INDEX CONCURRENTLY, with its rollback, a tier of its own';
  return probe?.act === 'drop-index' && !probe.missingOk ? 'write DROP INDEX CONCURRENTLY IF EXISTS' : null;
}
