import { type Action, isRevoked, type Outcome, viewOf, type World } from './model.ts';

/**
 * What must never happen, whatever the model says: these are asked of what the database answered, in words of their own.
 *
 * Shape   what is broken, or null.
 */
export function judged(of: {
  readonly world: World;
  readonly action: Action;
  readonly outcome: Outcome;
}): string | null {
  const { world, action, outcome } = of;
  const isRelay = ['submit', 'target', 'release', 'accept'].includes(action.do);
  if (isRelay && outcome === '55P03') return 'what people hand in waited for a lock of an executor';
  if (outcome !== 'ok' || !('session' in action)) return null;
  const view = viewOf(world, action.session);
  if (action.do === 'step') {
    const steps = view.steps.filter(
      ({ cycle, direction, tier }) => cycle === action.cycle && direction === action.direction && tier === action.tier,
    );
    if (steps.length >= action.n) return 'a step ran twice';
  }
  if (action.do === 'batch') return 'a step ran in batches that people ratified to run once';
  if (action.do === 'outside') return 'a step is sent outside of a transaction that people ratified to run in one';
  if (action.do === 'step' || action.do === 'leave') return uncovered(world, action);
  const isActive = world.sessions[action.session].transaction?.state === 'active';
  if (action.do !== 'commit' || !isActive) return null;
  return view.entered.map((row) => uncovered(world, row)).find((wrong) => wrong !== null) ?? null;
}

/** Why nothing that people signed covers a tier now. */
function uncovered(world: World, row: { readonly cycle: string; readonly direction: 'up' | 'down' }): string | null {
  const statement = world.statements[row.cycle];
  if (statement?.kind !== 'ratification' || statement.opens.what !== 'rollout')
    return 'something ran by a statement that opens no rollout';
  if (row.direction === 'down') return null;
  if (isRevoked(world, row.cycle)) return 'something ran up after the revocation';
  if (world.now > statement.expires || world.now < statement.notBefore) return 'something ran up outside of its window';
  const isInForce =
    world.accepted.policy.at(-1) === statement.policy && world.accepted.registry.at(-1) === statement.registry;
  return isInForce ? null : 'something ran up under a registry or policy that is not in force';
}
