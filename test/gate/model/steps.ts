import {
  type Action,
  type Bound,
  changed,
  held,
  inPlace,
  isOf,
  type Layer,
  marked,
  type Marker,
  type Name,
  nextTier,
  schemaOf,
  type StepCall,
  type StepRow,
  stepsOf,
  tiersOf,
  undecided,
  type View,
  viewOf,
  type World,
} from './state.ts';
import { holds, whyClosed, whyNotOpen } from './opening.ts';
import { type Ratification, type Release, releases } from './world.ts';

const other = (name: Name): Name => (name === 'one' ? 'two' : 'one');

function isElsewhere(world: World, view: View, cycle: string): boolean {
  const release = held(world, cycle)?.release;
  return Object.keys(world.statements).some(
    (id) => id !== cycle && held(world, id)?.release === release && inPlace(view, id),
  );
}

/** What a call of the gate answers; where it is not refused, what it adds to the transaction. */
export type Answer =
  | { readonly code: string }
  | {
      readonly code: null;
      readonly layer: Layer;
      readonly value?: string;
      /** What no transaction undoes. */
      readonly now?: Partial<World>;
    };

export const refused = (code: string): Answer => ({ code });

/** What every call of the executor sees. */
export interface Call {
  readonly world: World;
  readonly session: Name;
  readonly view: View;
  readonly layer: Layer;
}

export function sessionCode({ world, session }: Call): string | null {
  return world.sessions[session].transaction?.isolation === 'repeatable read' ? 'session' : null;
}

function purposeCode({ world }: Call, cycle: string): string | null {
  const found = held(world, cycle);
  return found !== null && found.opens.what !== 'rollout' ? 'purpose' : null;
}

export const lockTimeout = '55P03';

export const uniqueViolation = '23505';

export function waits({ world, session }: Call): boolean {
  return world.sessions[other(session)].transaction?.layer.fence === true;
}

export function attempt(call: Call, { cycle, direction }: Extract<Action, { do: 'attempt' }>): Answer {
  const { world, view, layer } = call;
  const early =
    sessionCode(call) ?? purposeCode(call, cycle) ?? whyClosed(world, { view, id: cycle, direction }) ?? null;
  if (early !== null) return refused(early);
  if (waits(call)) return refused(lockTimeout);
  if (direction === 'up' && isElsewhere(world, view, cycle)) return refused('in-progress');
  if (direction === 'up' && view.steps.some(isOf(cycle, 'down'))) return refused('order');
  const epoch = view.epoch + 1;
  return { code: null, layer: { ...layer, epoch, fence: true }, value: String(epoch) };
}

export function enter(call: Call, { cycle, direction, tier, epoch }: Bound): Answer {
  const { world, session, view, layer } = call;
  const early = sessionCode(call) ?? purposeCode(call, cycle);
  if (early !== null) return refused(early);
  // what is known to be older is refused without waiting: the rules leave the order open
  if (epoch !== view.epoch) return refused('fence');
  if (waits(call)) return refused(lockTimeout);
  if (world.now - (world.sessions[session].transaction?.began ?? world.now) > 60_000) return refused('age');
  // one rollout in one direction a transaction
  if (!view.entered.every(isOf(cycle, direction))) return refused('order');
  const closed = whyClosed(world, { view, id: cycle, direction });
  if (closed !== null) return refused(closed);
  const name = held(world, cycle)?.release ?? '';
  if (direction === 'up' && isElsewhere(world, view, cycle)) return refused('in-progress');
  if (undecided(view, cycle) !== undefined) return refused('outside');
  const next = nextTier(view, { cycle, name, direction });
  if (next === null || next.id !== tier) return refused('order');
  if (direction === 'up' && view.steps.some(isOf(cycle, 'down'))) return refused('order');
  if (direction === 'down' && next.down === null) return refused('one-way');
  if (direction === 'up' && view.data.ready < next.ready) return refused('data-gate');
  if (!holds(world, view, { cycle, direction, tier })) return refused('hold-point');
  if (schemaOf(view.data) !== (view.kept[cycle] ?? held(world, cycle)?.schema)) return refused('schema');
  if (layer.constraints === 'immediate') return refused('commit');
  // entered again is entered by the later attempt
  const before = layer.entered.filter((one) => !isOf(cycle, direction, tier)(one));
  const entered = { ...layer, fence: true, entered: [...before, { cycle, direction, tier, epoch }] };
  return { code: null, layer: keeping(entered, cycle, schemaOf(view.data)) };
}

/** What an attempt, and then its next tier, would be refused with first, now and by an executor of its own; null: by nothing. */
export function whyNotEntered(
  world: World,
  { statement, direction }: Extract<Action, { readonly do: 'ask' }>,
): string | null {
  const view = viewOf(world, null);
  const found = held(world, statement);
  if (found !== null && found.opens.what !== 'rollout') return 'purpose';
  const closed = whyClosed(world, { view, id: statement, direction });
  if (closed !== null) return closed;
  if (direction === 'up' && isElsewhere(world, view, statement)) return 'in-progress';
  if (direction === 'up' && view.steps.some(isOf(statement, 'down'))) return 'order';
  const next = nextTier(view, { cycle: statement, name: found?.release ?? '', direction });
  if (direction === 'down' && next === null) return null;
  if (direction === 'down' && next?.down === null) return 'one-way';
  if (direction === 'up' && next !== null) {
    if (view.data.ready < next.ready) return 'data-gate';
    if (!holds(world, view, { cycle: statement, direction, tier: next.id })) return 'hold-point';
  }
  return schemaOf(view.data) === (view.kept[statement] ?? found?.schema) ? null : 'schema';
}

/**
 * The schema that was rehearsed after a tier: release `small` makes its table in 2-each, and `apart` its index in 1-index. What had drifted when
 * it was rehearsed stays so.
 */
export function rehearsedAfter(world: World, { cycle, direction, tier }: StepRow): string {
  const { release, schema } = held(world, cycle) as Ratification;
  if (release === 'apart')
    return direction === 'up' || tier === '2-after' ? schema.replace('index none', 'index valid') : schema;
  const makes = release === 'small' && (direction === 'up' ? tier !== '1-rows' : tier === '3-last');
  return makes ? schema.replace('without', 'with') : schema;
}

export function step(call: Call, { do: how, cycle, direction, tier, n, text }: StepCall): Answer {
  const { world, view, layer } = call;
  const early = sessionCode(call);
  if (early !== null) return refused(early);
  const row = { cycle, direction, tier };
  if (!view.entered.some(isOf(cycle, direction, tier))) return refused('order');
  const closed = whyNotOpen(world, view, row);
  if (closed !== null) return refused(closed);
  if (n !== view.steps.filter(isOf(cycle, direction, tier)).length + 1) return refused('order');
  const sealed = stepsOf(held(world, cycle)?.release ?? '', row)[n - 1];
  if (tiersOf(held(world, cycle)?.release ?? '').find(({ id }) => id === tier)?.transaction === 'outside')
    return refused('order');
  // no step of these releases runs in batches
  if (sealed?.sql !== text || how === 'batch') return refused('step');
  const name = held(world, cycle)?.release ?? '';
  const done = { ...layer, steps: [...layer.steps, row], effects: [...layer.effects, sealed.effect] };
  if (tiersOf(name).find(({ id }) => id === tier)?.transaction !== 'each') return { code: null, layer: done };
  // a step that is committed by itself is looked at by itself
  const found = schemaOf(changed(view.data, sealed.effect));
  if (direction === 'up' && found !== rehearsedAfter(world, row)) return refused('schema');
  return { code: null, layer: keeping(done, cycle, found) };
}

export function keeping(layer: Layer, cycle: string, schema: string): Layer {
  return { ...layer, kept: { ...layer.kept, [cycle]: schema } };
}

export function leave(call: Call, { cycle, direction, tier, epoch }: Bound): Answer {
  const { world, view, layer } = call;
  const early = sessionCode(call);
  if (early !== null) return refused(early);
  const row = { cycle, direction, tier };
  const isEntered = isOf(cycle, direction, tier);
  if (!view.entered.some((one) => isEntered(one) && one.epoch === epoch)) return refused('order');
  const closed = whyNotOpen(world, view, row);
  if (closed !== null) return refused(closed);
  const name = held(world, cycle)?.release ?? '';
  const release = releases[name] as Release;
  const ran = view.steps.filter(isOf(cycle, direction, tier)).length;
  if (ran !== stepsOf(name, row).length) return refused('order');
  const offence = tiersOf(name).find(({ id }) => id === tier)?.offence ?? null;
  if (direction === 'up' && offence !== null && (view.data.rows[offence] ?? 0) > 0) return refused('check');
  const holdsNow = release.invariants(view.data);
  const marker: Marker = row;
  const after = { ...view, markers: [...view.markers, marker] };
  const isLast = nextTier(after, { cycle, name, direction }) === null;
  if (!holdsNow.always) return refused('invariant');
  // the rules do not say what leaving twice is; a marker is written once, which here PostgreSQL itself says
  if (marked(view, row)) return refused(uniqueViolation);
  if (isLast && !holdsNow[direction === 'up' ? 'finalized' : 'greenfield']) return refused('invariant');
  const found = schemaOf(view.data);
  if (found !== rehearsedAfter(world, row)) return refused('schema');
  return { code: null, layer: keeping({ ...layer, markers: [...layer.markers, marker] }, cycle, found) };
}
