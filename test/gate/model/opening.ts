import {
  held,
  inForce,
  inPlace,
  isOf,
  policyOf,
  type Received,
  registryOf,
  type StepRow,
  tiersOf,
  type View,
  type World,
} from './state.ts';
import { type Direction, people, type Policy, type Ratification, type Seat } from './world.ts';

/** Whether different persons fill every seat. */
export function fills(seats: readonly Seat[], present: readonly string[]): boolean {
  const [seat, ...rest] = seats;
  if (seat === undefined) return true;
  const fits = (name: string): boolean => {
    const person = people[name];
    return (
      person !== undefined && person.level >= seat.level && (seat.device === 'any' || person.device === seat.device)
    );
  };
  return present.some(
    (name) =>
      fits(name) &&
      fills(
        rest,
        present.filter((other) => other !== name),
      ),
  );
}

export function seatsOf(policy: Policy, { release, opens }: Ratification): readonly Seat[] {
  if (opens.what === 'tier') return policy.holdPoints.find(({ before }) => before === opens.tier)?.seats ?? [];
  const isOneWay = tiersOf(release).some(({ down }) => down === null);
  return isOneWay ? [...policy.seats, ...policy.oneWaySeats] : policy.seats;
}

/** Why a statement is closed: the table of checks, without what is carried on. */
function checked(world: World, of: { view: View; id: string; direction: Direction }): string | null {
  const { view, id, direction } = of;
  const found = held(world, id);
  if (found === null) return 'unknown';
  const { opens, release, notBefore, expires } = found;
  if (opens.what !== 'rollout' && (opens.what === 'tier') !== (direction === 'up')) return 'purpose';
  const way = opens.what === 'rollout' ? direction : opens.what;
  const isKept = way === 'down' && view.steps.some(isOf(id, 'up'));
  for (const kind of ['registry', 'policy'] as const) {
    const good = isKept ? world.accepted[kind].includes(found[kind]) : inForce(world, kind) === found[kind];
    if (!good) return kind;
  }
  const policy = policyOf(world, found.policy);
  const received = world.handedIn[release];
  if (received === undefined) return 'seal';
  if (!world.targets.includes(id)) return 'target';
  if (opens.what !== 'rollout') {
    const cycle = held(world, opens.cycle);
    if (cycle?.opens.what !== 'rollout' || cycle.release !== release) return 'cycle';
    const isHere = inPlace(view, cycle.id) || view.entered.some(isOf(cycle.id, 'down'));
    if (opens.what === 'rollback' && !isHere) return 'cycle';
    if (opens.what === 'tier' && !policy.holdPoints.some(({ before }) => before === opens.tier)) return 'hold-point';
  }
  const counted = countedOf(world, found);
  const persons = counted.map(({ person }) => person);
  if (!fills(seatsOf(policy, found), persons)) return 'seats';
  if ((way === 'up' || way === 'tier') && isRevoked(world, id)) return 'revoked';
  if (way !== 'down' && world.now < notBefore) return 'not-yet-valid';
  if (world.now > expires + (way === 'down' ? policy.rollback : 0)) return 'expired';
  if (expires - notBefore > policy.longest) return 'too-long';
  if (Math.min(...counted.map(({ at }) => at)) < Math.max(received, found.sealedAt) + policy.review) return 'review';
  if (way === 'up' || way === 'tier') {
    if (world.now < found.rehearsedAt || world.now - found.rehearsedAt > policy.maxAge) return 'rehearsal-age';
    if (found.evidence !== 'rehearsal') return 'evidence';
  }
  return null;
}

function countedOf(world: World, of: Ratification): readonly Received[] {
  const registry = registryOf(world, of.registry);
  return world.signatures.filter(
    ({ statement, person }) => statement === of.id && registry.people.includes(person) && !of.authors.includes(person),
  );
}

export function isRevoked(world: World, id: string): boolean {
  return world.signatures.some(({ statement }) => {
    const found = world.statements[statement];
    return found?.kind === 'revocation' && found.of === id;
  });
}

/** Why a statement is closed in a direction; null: it is open. */
export function whyClosed(
  world: World,
  of: { readonly view: View; readonly id: string; readonly direction: Direction },
): string | null {
  const code = checked(world, of);
  const found = held(world, of.id);
  if (code === null || found === null || found.opens.what !== 'rollout' || of.direction === 'up') return code;
  const carriedOn = Object.keys(world.statements).some((id) => {
    const other = held(world, id);
    if (other?.opens.what !== 'rollback' || other.opens.cycle !== of.id || other.release !== found.release)
      return false;
    return checked(world, { ...of, id }) === null;
  });
  return carriedOn ? null : code;
}

/** The cycle, and up the hold point, as on entering, on each step, on leaving and at COMMIT. */
export function whyNotOpen(world: World, view: View, row: StepRow): string | null {
  const code = whyClosed(world, { view, id: row.cycle, direction: row.direction });
  return code ?? (holds(world, view, row) ? null : 'hold-point');
}

/** Whether no hold point holds a tier up: there is none, or an answer to it is open. */
export function holds(world: World, view: View, { cycle, direction, tier }: StepRow): boolean {
  const policy = policyOf(world, inForce(world, 'policy'));
  if (direction === 'down' || !policy.holdPoints.some(({ before }) => before === tier)) return true;
  const release = held(world, cycle)?.release;
  return Object.keys(world.statements).some((id) => {
    const answer = held(world, id);
    return (
      answer?.opens.what === 'tier' &&
      answer.opens.tier === tier &&
      answer.opens.cycle === cycle &&
      answer.release === release &&
      whyClosed(world, { view, id, direction: 'up' }) === null
    );
  });
}
