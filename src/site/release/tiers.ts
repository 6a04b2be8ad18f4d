import { type Activity } from '../../activity/index.ts';
import { answersOf, chooseCycle, type ClosingCode, type CycleRows } from '../../gate/index.ts';
import { type GateMark, type TierMark, type TierState } from '../../html/index.ts';
import { type SealedRelease, type Tier } from '../../release/index.ts';
import { type Ratifications, type Report, tierState } from '../../report/index.ts';

/** What the line of tiers is drawn from. */
export interface LineSource {
  readonly sealed: SealedRelease;
  readonly report: Report;
  /** What the target itself says: nothing else is the truth about tiers that are done. */
  readonly ratifications: Ratifications;
  /** The tiers before which the policy asks for a further ratification; null where it could not be read. */
  readonly holdPoints: readonly string[] | null;
  /** What runs on this target now. */
  readonly running: readonly Activity[];
}

/** The ratification of this seal that counts: the one that is half-way, else an open one, else the newest. */
export function cycleOf({ sealed, ratifications }: Pick<LineSource, 'sealed' | 'ratifications'>): CycleRows | null {
  return chooseCycle(ratifications.state === 'read' ? ratifications.cycles : [], sealed);
}

/** Draws the tiers of a release as a line, each with its state and the gates before it. An unknown state is shown as unknown. */
export function tierMarks(source: LineSource): readonly TierMark[] {
  const cycle = cycleOf(source);
  const { tiers } = source.sealed.release;
  const first = tiers.find(({ barred }) => barred === null);
  return tiers.map((tier) => {
    const state = stateOf(tier, cycle, source);
    return {
      id: tier.id,
      title: tier.title,
      state,
      oneWay: tier.oneWay,
      gates: [
        ...(tier === first ? [ratification(cycle, source)] : []),
        ...holdPoint(tier, source),
        ...dataGates(tier, { cycle, state, report: source.report }),
      ],
    };
  });
}

function stateOf(tier: Tier, cycle: CycleRows | null, { ratifications, running }: LineSource): TierState {
  if (tier.barred !== null) return 'barred';
  if (running.some((one) => one.state === 'running' && one.tier === tier.id && one.kind !== 'rehearsal'))
    return 'running';
  if (ratifications.state === 'unread') return 'unknown';
  return tierState(tier, cycle);
}

/** What closes the way although the ratification itself counts: it is shown at its own place. */
const others: readonly ClosingCode[] = ['data-gate', 'order', 'hold-point', 'schema', 'check'];

function ratification(cycle: CycleRows | null, { ratifications }: LineSource): GateMark {
  const title = 'ratification';
  if (ratifications.state === 'unread') return { title, state: 'unknown' };
  if (cycle === null) return { title, state: 'closed' };
  const why = cycle.closed.up?.code;
  const isOpen = why === undefined || others.some((code) => code === why) || cycle.done.length > 0;
  return { title, state: isOpen ? 'open' : 'closed' };
}

function holdPoint(tier: Tier, source: LineSource): readonly GateMark[] {
  const { sealed, ratifications, holdPoints } = source;
  const read = ratifications.state === 'read' ? ratifications.cycles : [];
  const cycle = cycleOf(source)?.statement ?? null;
  const signed = answersOf(read, { seal: sealed.seal, cycle }).filter(({ opens }) => opens.tier === tier.id);
  if (signed.length === 0 && holdPoints?.includes(tier.id) !== true) return [];
  const isOpen = signed.some(({ closed }) => closed.up === null);
  return [{ title: 'hold point', state: ratifications.state === 'unread' ? 'unknown' : isOpen ? 'open' : 'closed' }];
}

/** From the last recorded reading of production; a tier that is done was let through. */
function dataGates(
  tier: Tier,
  of: { readonly cycle: CycleRows | null; readonly state: TierState; readonly report: Report },
): readonly GateMark[] {
  const { cycle, state, report } = of;
  const gates = report.tiers.find(({ id }) => id === tier.id)?.gates ?? [];
  const isRefused = cycle?.next.up === tier.id && cycle.closed.up?.code === 'data-gate';
  return gates.map(({ title, state: read }) => ({
    title,
    state: state === 'done' || state === 'back' ? 'open' : isRefused ? 'closed' : read,
  }));
}
