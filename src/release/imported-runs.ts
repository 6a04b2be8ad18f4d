import { type Problem, stated } from '../core/index.ts';
import { asConcurrently } from './outside-shape.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { type NoProbe, type Probe, probeOf } from './probe.ts';
import { type TransactionMode } from './release.ts';

/** A statement of a migration that its tool runs without a transaction. */
export interface ApartStatement {
  readonly statement: Statement;
  /** The number of the BEGIN … COMMIT of the file that it is in; null: it commits by itself. */
  readonly block: number | null;
}

/** The same as a step of a tier: its text may lack IF NOT EXISTS. */
export interface RunStep extends ApartStatement {
  readonly sql: string;
  /** null: it runs in a transaction. */
  readonly probe: Probe | null;
}

/** Consecutive statements of an up that one tier holds. */
export interface Run {
  readonly transaction: TransactionMode;
  readonly steps: readonly RunStep[];
  /** Statements of one run that have tiers of their own have the same. */
  readonly place: number;
}

/**
 * The statements of a direction with the transactions that the file itself begins.
 *
 * Errors  IMPORT_UNFIT at other transaction control.
 */
export function entriesOf(statements: readonly Statement[]): {
  readonly entries: readonly ApartStatement[];
  readonly problems: readonly Problem[];
} {
  const entries: ApartStatement[] = [];
  let block: number | null = null;
  for (const [index, statement] of statements.entries()) {
    const control = controlIn(statement);
    if (control === null) entries.push({ statement, block });
    else if (control === 'begin' && block === null) block = index;
    else if (control === 'commit' && block !== null) block = null;
    else return { entries, problems: [unfit(statement, strayControl)] };
  }
  const last = statements.at(-1);
  return { entries, problems: block === null || last === undefined ? [] : [unfit(last, strayControl)] };
}

const strayControl: Pick<NoProbe, 'problem' | 'fix'> = {
  problem: 'transaction control other than BEGIN and COMMIT around statements cannot be taken apart into tiers',
  fix: 'let its tool run this migration before the release, or write the release by hand: oneroof init NAME',
};

/** A bare BEGIN or COMMIT; null: no transaction control. */
function controlIn({ step, tree }: Statement): 'begin' | 'commit' | 'other' | null {
  if (step.kind !== 'TransactionStmt') return null;
  const { kind, options, chain } = tree['TransactionStmt'] as Node;
  if (options !== undefined || chain !== undefined) return 'other';
  if (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') return 'begin';
  return kind === 'TRANS_STMT_COMMIT' ? 'commit' : 'other';
}

/**
 * Cuts an up into runs: statements outside of any transaction, those of one BEGIN … COMMIT, and those that commit one by one.
 *
 * Errors  IMPORT_UNFIT at a statement that no tier can hold.
 */
export function cutRuns(
  entries: readonly ApartStatement[],
  parser: Parser,
): { readonly runs: readonly Run[]; readonly problems: readonly Problem[] } {
  const runs: { transaction: TransactionMode; steps: RunStep[] }[] = [];
  const problems: Problem[] = [];
  for (const entry of entries) {
    const { statement, block } = entry;
    const step = statement.step.transactional
      ? { ...entry, sql: statement.step.sql, probe: null }
      : outsideStep(entry, parser);
    if ('problem' in step) {
      problems.push(unfit(statement, step));
      continue;
    }
    const transaction = step.probe !== null ? 'outside' : block === null ? 'each' : 'single';
    const last = runs.at(-1);
    if (last?.transaction === transaction && last.steps.at(-1)?.block === block) last.steps.push(step);
    else runs.push({ transaction, steps: [step] });
  }
  return { runs: runs.flatMap(tiersOf), problems };
}

/** A statement as a step of an outside tier; or why it cannot be one. */
export function outsideStep(entry: ApartStatement, parser: Parser): RunStep | Pick<NoProbe, 'problem' | 'fix'> {
  const { statement, block } = entry;
  if (block !== null)
    return {
      problem: 'PostgreSQL refuses it between BEGIN and COMMIT',
      fix: 'move it before the BEGIN or after the COMMIT',
    };
  const sql = asConcurrently(statement.step.sql);
  const [changed = statement] = sql === statement.step.sql ? [] : (parser.tryParse(sql) ?? []);
  const probe = probeOf(changed);
  return probe.act === null ? probe : { ...entry, sql, probe };
}

/**
 * A run as tiers. An index that a down makes again has a tier of its own, because only there a cut-off tier can be rolled back. DROP INDEX before CREATE
 * INDEX of the same name clears what a cut-off run left: both are one tier.
 */
function tiersOf({ transaction, steps }: Omit<Run, 'place'>, place: number): readonly Run[] {
  if (transaction === 'each' && steps.length === 1) return [{ transaction: 'single', steps, place }];
  if (!steps.some((step) => step.probe?.act === 'drop-index' && !isCleared(step, steps)))
    return [{ transaction, steps, place }];
  const tiers: RunStep[][] = [];
  for (const step of steps) {
    const last = tiers.at(-1);
    if (last?.length === 1 && last.some((one) => isCleared(one, [step]))) last.push(step);
    else tiers.push([step]);
  }
  return tiers.map((own) => ({ transaction, steps: own, place }));
}

/** Whether a step only clears the name of an index that one of the others makes. */
export function isCleared({ probe }: RunStep, others: readonly RunStep[]): boolean {
  return (
    probe?.act === 'drop-index' &&
    probe.missingOk &&
    others.some(
      ({ probe: other }) =>
        other?.act === 'create-index' &&
        other.name === probe.name &&
        (other.schema === probe.schema || other.schema === null || probe.schema === null),
    )
  );
}

function unfit({ step }: Statement, { problem, fix }: Pick<NoProbe, 'problem' | 'fix'>): Problem {
  return { code: 'IMPORT_UNFIT', ...stated`${{ title: step.title }}: ${{ why: problem }}`, fix, place: step.place };
}
