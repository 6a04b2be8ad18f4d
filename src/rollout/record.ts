import { type Instant } from '../core/index.ts';
import { type Release } from '../release/index.ts';
import { type Execution, type Progress } from './rollout.ts';

/** A transaction of a rollout, from its intent to its outcome. `unknown` if no outcome is recorded and none follows from later lines. */
export interface Transaction extends Pick<Execution, 'target' | 'statement' | 'direction' | 'tier' | 'steps'> {
  readonly outcome: 'applied' | 'not-applied' | 'unknown';
  readonly begun: Instant;
  readonly ended: Instant;
}

/** Pairs intents with outcomes; an outcome without an intent is a transaction too. The lines are in the order of the log. */
export function transactionsOf(executions: readonly Execution[]): readonly Transaction[] {
  const done: Transaction[] = [];
  let open: Execution | null = null;
  for (const one of executions) {
    if (one.phase === 'intent') {
      if (open !== null) done.push(concluded(open, one));
      open = one;
      continue;
    }
    const isSame: boolean = open !== null && keyOf(open) === keyOf(one);
    if (open !== null && !isSame) done.push(concluded(open, one));
    const before = done.at(-1);
    const from = isSame && open !== null ? open : one;
    // what was not known is known now
    if (open === null && before?.outcome === 'unknown' && isSamePiece(before, one)) done.pop();
    done.push(transaction(from, { at: one.at, outcome: one.phase }));
    open = null;
  }
  if (open !== null) done.push(concluded(open, null));
  return done;
}

/** A killed run leaves an intent without its outcome. The next intent was chosen from the database's rows, so it shows the outcome. */
function concluded(open: Execution, next: Execution | null): Transaction {
  const isOther = next === null || next.statement !== open.statement || next.target !== open.target;
  if (isOther) return transaction(open, { at: open.at, outcome: 'unknown' });
  // a tier that is left without a step has run all of them
  const isLater = next.steps[1] === 0 ? open.steps[1] > 0 : next.steps[0] > open.steps[0];
  const isAgain = next.direction === open.direction && next.tier === open.tier && !isLater;
  const isTurned = next.direction !== open.direction && next.tier !== open.tier;
  return transaction(open, { at: next.at, outcome: isAgain || isTurned ? 'not-applied' : 'applied' });
}

function isSamePiece(one: Transaction, other: Execution): boolean {
  const pieceOf = ({ target, statement, direction, tier, steps }: Omit<Transaction, 'outcome' | 'begun' | 'ended'>) =>
    JSON.stringify([target, statement, direction, tier, steps]);
  return pieceOf(one) === pieceOf(other);
}

function transaction(
  { target, statement, direction, tier, steps, at: begun }: Execution,
  end: { readonly at: Instant; readonly outcome: Transaction['outcome'] },
): Transaction {
  return { target, statement, direction, tier, steps, begun, ended: end.at, outcome: end.outcome };
}

function keyOf({ target, statement, direction, tier, steps, epoch }: Execution): string {
  return JSON.stringify([target, statement, direction, tier, steps, epoch]);
}

/** The first recorded transaction of a cycle whose steps the database does not have; null: it has them all. */
export function lackedBy(
  { steps }: Progress,
  executions: readonly Pick<Execution, 'phase' | 'direction' | 'tier' | 'steps'>[],
): Pick<Execution, 'direction' | 'tier' | 'steps'> | null {
  const has = (one: Pick<Execution, 'direction' | 'tier' | 'steps'>): boolean =>
    one.steps[1] === 0 ||
    steps.some(({ direction, tier, n }) => direction === one.direction && tier === one.tier && n === one.steps[1]);
  return executions.find((one) => one.phase === 'applied' && !has(one)) ?? null;
}

/** The state of a target, as far as the record tells. */
export interface Position {
  readonly state: 'greenfield' | 'half-way' | 'finalized' | 'unknown';
  /** The tiers that are in force, whole or in part, in order. */
  readonly active: readonly string[];
  /** The last transaction that changed something, or may have; null if there was none. */
  readonly last: Transaction | null;
}

/** Derives it from the transactions of one target: what was rolled back is not active. */
export function positionOf(release: Pick<Release, 'tiers'>, transactions: readonly Transaction[]): Position {
  const active = new Map<string, 'whole' | 'part'>();
  for (const { outcome, direction, tier: name, steps } of transactions) {
    if (outcome !== 'applied') continue;
    const tier = release.tiers.find(({ id }) => id === name);
    const isWhole = steps[1] === 0 || steps[1] >= (tier?.[direction].length ?? 0);
    if (direction === 'down' && isWhole) active.delete(name);
    else active.set(name, direction === 'up' && isWhole ? 'whole' : 'part');
  }
  const usable = release.tiers.filter(({ barred }) => barred === null).map(({ id }): string => id);
  const last = transactions.findLast(({ outcome }) => outcome !== 'not-applied') ?? null;
  const names = [...active.keys()].toSorted((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
  return { state: stateOf({ active, usable, last }), active: names, last };
}

function stateOf(of: {
  readonly active: ReadonlyMap<string, 'whole' | 'part'>;
  readonly usable: readonly string[];
  readonly last: Transaction | null;
}): Position['state'] {
  if (of.last?.outcome === 'unknown') return 'unknown';
  if (of.active.size === 0) return 'greenfield';
  const isFinal = of.usable.every((tier) => of.active.get(tier) === 'whole') && of.last?.direction === 'up';
  return isFinal ? 'finalized' : 'half-way';
}
