import {
  changed,
  held,
  isOf,
  type Layer,
  merged,
  releaseOf,
  schemaOf,
  type Sending,
  type Sent,
  type StepCall,
  type StepRow,
  stepsOf,
  tiersOf,
  undecided,
  type World,
} from './state.ts';
import { whyNotOpen } from './opening.ts';
import { type Answer, type Call, keeping, lockTimeout, refused, rehearsedAfter, sessionCode, waits } from './steps.ts';
import { type Data, type Effect, type Step } from './world.ts';

/** The intention to send a step outside of a transaction. */
export function outside(call: Call, { cycle, direction, tier, n, text }: StepCall): Answer {
  const { world, view, layer } = call;
  const early = sessionCode(call);
  if (early !== null) return refused(early);
  const row = { cycle, direction, tier };
  if (!view.entered.some(isOf(cycle, direction, tier))) return refused('order');
  const name = held(world, cycle)?.release ?? '';
  if (tiersOf(name).find(({ id }) => id === tier)?.transaction !== 'outside') return refused('order');
  const closed = whyNotOpen(world, view, row);
  if (closed !== null) return refused(closed);
  if (n !== view.steps.filter(isOf(cycle, direction, tier)).length + 1) return refused('order');
  if (stepsOf(name, row)[n - 1]?.sql !== text) return refused('step');
  const old = view.sendings.find((one) => isOf(cycle, direction, tier)(one) && one.n === n);
  if ((old?.tries ?? 0) >= 10) return refused('outside');
  const before = view.data.index;
  const effect = sealedStep(world, { ...row, n })?.effect ?? null;
  if (isIndex(effect, 'built') && before.is !== 'none') return refused('outside');
  if (isIndex(effect, 'rebuilt') && before.is === 'none') return refused('outside');
  const sending: Sending = {
    ...row,
    n,
    phase: 'sent',
    tries: (old?.tries ?? 0) + 1,
    link: world.links + 1,
    beganAt: world.now,
    isNoted: false,
    isHeard: false,
    before,
  };
  return prepared(call, { ...layer, sendings: merged(layer.sendings, [sending]) });
}

const isIndex = (effect: Effect | null, what: 'built' | 'dropped' | 'rebuilt'): boolean =>
  effect !== null && 'index' in effect && effect.index === what;

/** Another connection: the one before is hung up at once, whatever becomes of the transaction. */
function prepared({ world, view }: Call, layer: Layer): Answer {
  const id = world.links + 1;
  const connected = world.connected.filter((one) => one !== view.link?.id);
  return { code: null, layer: { ...layer, link: { id, password: true }, password: id }, now: { links: id, connected } };
}

export function sent(call: Call, { do: what, cycle, epoch, text }: Sent): Answer {
  const { world, session, view, layer } = call;
  const early = sessionCode(call);
  if (early !== null) return refused(early);
  if (epoch !== view.epoch) return refused('fence');
  if (what !== 'poll' && waits(call)) return refused(lockTimeout);
  const found = undecided(view, cycle);
  if (what === 'poll') return polled(call, found);
  if (found === undefined || (found.phase === 'debris') !== (what === 'clear') || (what === 'send' && found.isNoted))
    return refused('order');
  const fenced = { ...layer, fence: true };
  const as = (more: Partial<Sending>): Layer => ({
    ...fenced,
    sendings: merged(layer.sendings, [{ ...found, ...more }]),
  });
  if (what === 'clear')
    return prepared(call, as({ phase: 'clearing', link: world.links + 1, isNoted: false, isHeard: false }));
  if (what === 'decide') return decided(call, { found, as });
  if (found.phase === 'sent') {
    const closed = whyNotOpen(world, view, found);
    if (closed !== null) return refused(closed);
    if (world.now - found.beganAt > 60_000) return refused('age');
    if (stepsOf(releaseOf(world, cycle), found)[found.n - 1]?.sql !== text) return refused('step');
  } else if (view.data.index.is === 'none') return refused('outside');
  const { link } = view;
  if (link?.id !== found.link || !link.password) return { code: null, layer: fenced, value: 'not sent' };
  // whether it connects or not, the password is gone
  const used = { link: { ...link, password: false }, password: null };
  const isFree = !world.connected.includes(link.id);
  if (!isFree || world.password !== link.id) {
    const connected = world.connected.filter((one) => one !== link.id);
    return { code: null, layer: { ...fenced, ...used }, value: 'not sent', now: { connected } };
  }
  const effect: Effect =
    found.phase === 'clearing' ? { index: 'dropped' } : (sealedStep(world, found)?.effect as Effect);
  const connected = [...world.connected, link.id];
  const isWithin = world.sessions[session].transaction !== null;
  return {
    code: null,
    layer: { ...as({ isNoted: true }), ...used },
    now: isWithin
      ? { connected, running: { session, link: link.id, effect } }
      : { connected, data: changed(world.data, effect) },
  };
}

export const sealedStep = (world: World, { n, ...row }: StepRow & { readonly n: number }): Step | undefined =>
  stepsOf(releaseOf(world, row.cycle), row)[n - 1];

/** The session that has the connection hears the answer and closes it. */
function polled({ world, view, layer }: Call, found: Sending | undefined): Answer {
  if (found === undefined || found.phase === 'debris') return { code: null, layer, value: 'over' };
  const isOwn = found.link === view.link?.id && world.running?.link !== found.link;
  const connected = world.connected.filter((one) => !isOwn || one !== found.link);
  const isHeard = isOwn && world.connected.includes(found.link) && found.isNoted;
  return {
    code: null,
    layer: isHeard ? { ...layer, sendings: merged(layer.sendings, [{ ...found, isHeard }]) } : layer,
    value: connected.includes(found.link) ? 'running' : 'over',
    now: { connected },
  };
}

/** Null: an object that is not of this step. */
function outcomeOf(index: Data['index'], { before, isHeard }: Sending, effect: Effect | null): Sending['phase'] | null {
  const isAnother = index.made !== before.made;
  if (isIndex(effect, 'built'))
    return ({ none: 'absent', invalid: 'debris', valid: 'done', another: 'done' } as const)[index.is];
  if (isIndex(effect, 'rebuilt')) return isAnother && index.is !== 'none' && index.is !== 'invalid' ? 'done' : 'absent';
  if (isIndex(effect, 'dropped')) return index.is === 'none' ? 'done' : isAnother ? null : 'absent';
  return isHeard ? 'done' : 'absent';
}

/** By what the catalogue says alone. */
function decided(
  { world, view }: Call,
  { found, as }: { readonly found: Sending; readonly as: (more: Partial<Sending>) => Layer },
): Answer {
  if (world.connected.includes(found.link)) return refused('outside');
  const became = outcomeOf(view.data.index, found, sealedStep(world, found)?.effect ?? null);
  if (became === null) return refused('outside');
  const after = { ...as({ phase: became }), ...(found.isNoted ? {} : { password: null }) };
  if (became !== 'done') return { code: null, layer: after, value: became };
  const schema = schemaOf(view.data);
  if (schema !== rehearsedAfter(world, found)) return refused('schema');
  const { cycle, direction, tier } = found;
  return {
    code: null,
    layer: keeping({ ...after, steps: [...after.steps, { cycle, direction, tier }] }, cycle, schema),
    value: became,
  };
}
