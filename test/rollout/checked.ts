import { type CycleCheck, type CycleRows, isMarked, judge, readRefusal } from '../../src/gate/index.ts';
import { type Release } from '../../src/release/index.ts';

/** What `gate.verdict` says of what it does not ask. */
const rest = { notAsked: ['executor', 'session'], waits: [], locked: false };

/** A cycle as the gate answers for it: closed by what its rows say, by the data that are given, and by a schema that has drifted. */
export function asked(
  cycle: Omit<CycleRows, 'checked'>,
  of: {
    readonly release: Release;
    readonly metrics?: Readonly<Record<string, number>>;
    readonly drifted?: boolean;
    readonly measured?: boolean;
  },
): CycleRows {
  const { release, metrics = {}, drifted = false, measured = true } = of;
  const isSpent = [...cycle.done, ...cycle.steps].some(({ direction }) => direction === 'down');
  const left = release.tiers.filter(({ id, barred }) => barred === null && !isMarked(cycle, id, 'up'));
  const all = (...why: readonly (string | null)[]): CycleCheck['closed'] =>
    why.flatMap((text) => (text === null ? [] : [{ tier: null, why: readRefusal(text) }]));
  const own = (why: CycleRows['closed']['up']): CycleCheck['closed'] => (why === null ? [] : [{ tier: null, why }]);
  const verdict = judge({ release, metrics, progress: left.length === 0 ? 'finalized' : 'greenfield' });
  const reasons = measured && verdict.decision === 'BLOCKED' ? verdict.reasons : [];
  const drift = drifted && !isSpent ? 'schema: it is no longer as the last tier left it' : null;
  const up: CycleCheck = {
    ...rest,
    next: left[0]?.id ?? null,
    measured: measured && !isSpent,
    closed: [
      ...own(cycle.closed.up),
      ...all(isSpent ? 'order: the rollback has begun' : null),
      ...reasons.flatMap((reason) =>
        reason.kind === 'data-gate' && left.some(({ id }) => id === reason.before)
          ? [{ tier: reason.before, why: readRefusal(`data-gate: ${reason.metric} = ${reason.measured}`) }]
          : [],
      ),
      ...all(drift),
      ...reasons.flatMap(({ kind }) =>
        (kind === 'invariant' || kind === 'unmeasured') && (left.length === 0 || cycle.done.length === 0)
          ? all('invariant: it does not hold')
          : [],
      ),
    ],
  };
  const down = { ...rest, next: cycle.next.down, measured: false, closed: [...own(cycle.closed.down), ...all(drift)] };
  return { ...cycle, checked: { up, down } };
}
