import { isRevoked } from './opening.ts';
import { type Action, type Outcome, viewOf, type World } from './state.ts';

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
  const starts = action.do === 'step' || action.do === 'outside';
  if (starts && action.direction === 'up' && isTwice(world, view, action.cycle))
    return 'two cycles of a release are in place';
  if (action.do === 'batch') return 'a step ran in batches that people ratified to run once';
  if (action.do === 'outside' && !/concurrently|vacuum/.test(action.text))
    return 'a step is sent outside of a transaction that people ratified to run in one';
  if (action.do === 'send') {
    const sending = view.sendings.find(({ cycle, phase }) => cycle === action.cycle && phase === 'sent');
    return sending === undefined ? null : uncovered(world, sending);
  }
  if (action.do === 'step' || action.do === 'outside' || action.do === 'leave') return uncovered(world, action);
  const isActive = world.sessions[action.session].transaction?.state === 'active';
  if (action.do !== 'commit' || !isActive) return null;
  return view.entered.map((row) => uncovered(world, row)).find((wrong) => wrong !== null) ?? null;
}

/** Whether a step of another cycle of the release is there, or on its way. */
function isTwice(world: World, { steps, sendings, markers }: ReturnType<typeof viewOf>, cycle: string): boolean {
  const releaseOf = (id: string): string | null => {
    const found = world.statements[id];
    return found?.kind === 'ratification' ? found.release : null;
  };
  const isUndone = (row: { readonly cycle: string; readonly tier: string }): boolean =>
    markers.some((one) => one.cycle === row.cycle && one.tier === row.tier && one.direction === 'down');
  const onItsWay = sendings.filter(({ phase }) => phase !== 'absent' && phase !== 'done');
  return [...steps.filter((row) => row.direction === 'up' && !isUndone(row)), ...onItsWay].some(
    (row) => row.cycle !== cycle && releaseOf(row.cycle) === releaseOf(cycle),
  );
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
