import { fills, seatsOf, whyClosed } from './opening.ts';
import { sealedStep } from './sending.ts';
import { signersOf } from './submission.ts';
import {
  type Action,
  held,
  inForce,
  inPlace,
  type Name,
  nextTier,
  policyOf,
  registryOf,
  schemaOf,
  stepsOf,
  tiersOf,
  viewOf,
  type World,
  releaseOf,
  type Sending,
  undecided,
} from './state.ts';
import { type Change, type Direction, people, policies, type Ratification, type Statement } from './world.ts';

/**
 * What is drawn: who wants what, with numbers that choose among what there is when it is done. So a sequence that is made shorter still means
 * something.
 */
export type Intent =
  /** The next call of an executor who wants a direction and knows what it lacks. */
  | { readonly want: 'advance'; readonly session: Name; readonly direction: Direction; readonly release: number }
  /** Something that closes a tier while a session is within it; then that session goes on. */
  | { readonly want: 'interrupt'; readonly by: Interruption; readonly part: number; readonly pick: number }
  /** Another ratification of what is in place, or was, and an attempt by it; or an attempt by the one that was. */
  | { readonly want: 'rival'; readonly session: Name; readonly old: boolean; readonly direction: Direction }
  /** Anything that a thief of the executor's session could call. */
  | {
      readonly want: 'call';
      readonly session: Name;
      readonly call: Call;
      readonly pick: Picks;
      readonly direction: Direction;
    }
  | { readonly want: 'control'; readonly session: Name; readonly control: Control; readonly depth: number }
  | { readonly want: 'clock'; readonly pick: number; readonly offset: number }
  | {
      readonly want: 'propose';
      readonly opens: 'rollout' | 'tier' | 'rollback';
      readonly pick: Picks;
      readonly flaw: Flaw;
    }
  | { readonly want: 'sign'; readonly pick: Picks; readonly over: 'it' | 'another' }
  | { readonly want: 'hand-in'; readonly pick: Picks }
  | { readonly want: 'revoke' | 'decline'; readonly pick: Picks }
  | { readonly want: 'change'; readonly kind: 'registry' | 'policy'; readonly pick: Picks; readonly flaw: Flaw }
  | { readonly want: 'accept'; readonly pick: Picks }
  | {
      readonly want: 'data';
      readonly what:
        | 'ready'
        | 'unready'
        | 'nine'
        | 'no nine'
        | 'null'
        | 'no null'
        | 'drift'
        | 'no drift'
        | 'twin'
        | 'no twins'
        | 'another index'
        | 'no index';
    }
  | { readonly want: 'ask'; readonly pick: Picks; readonly direction: Direction };

export type Interruption = 'revocation' | 'end' | 'policy' | 'answer';
export type Call = 'attempt' | 'enter' | 'step' | 'batch' | 'outside' | 'leave' | 'send' | 'poll' | 'decide' | 'clear';
export type Control =
  | 'begin'
  | 'repeatable read'
  | 'savepoint'
  | 'rollback-to'
  | 'release-savepoint'
  | 'rollback'
  | 'constraints'
  | 'commit'
  | 'end transaction'
  | 'commit work'
  | 'commit and chain';
/** What is wrong in a statement, or unusual. */
export type Flaw =
  | 'none'
  | 'short'
  | 'too long'
  | 'later'
  | 'just sealed'
  | 'rehearsed long ago'
  | 'rehearsed later'
  | 'no rehearsal'
  | 'other release'
  | 'unknown release'
  | 'an earlier document'
  | 'no target'
  | 'few signatures';
type Picks = readonly [number, number, number];

const minute = 60_000;
const hour = 60 * minute;

/** One of a list; the last where the number is 0, so that the newest is chosen most often. */
function of<T>(list: readonly T[], pick: number): T | undefined {
  return list.length === 0 ? undefined : list[list.length - 1 - (pick % list.length)];
}

const all = (world: World): readonly Statement[] => Object.values(world.statements);
const ratifications = (world: World): readonly Ratification[] =>
  all(world).filter((one): one is Ratification => one.kind === 'ratification');
const rollouts = (world: World): readonly Ratification[] =>
  ratifications(world).filter(({ opens }) => opens.what === 'rollout');
const newId = (world: World): string => `s${all(world).length + 1}`;

function ratification(world: World, more: Partial<Ratification>): Ratification {
  const { now } = world;
  return {
    id: newId(world),
    kind: 'ratification',
    release: 'small',
    opens: { what: 'rollout' },
    registry: inForce(world, 'registry'),
    policy: inForce(world, 'policy'),
    authors: ['agent', 'ira'],
    rehearsedAt: now - minute,
    sealedAt: now - 10 * minute,
    evidence: 'rehearsal',
    schema: schemaOf(world.data),
    notBefore: now,
    expires: now + hour,
    ...more,
  };
}

function flawed(world: World, flaw: Flaw): Partial<Ratification> {
  const { now } = world;
  const longest = policyOf(world, inForce(world, 'policy')).longest;
  const earlier = world.accepted.policy.at(-2) ?? 'strict';
  const flaws: Readonly<Record<Flaw, Partial<Ratification>>> = {
    none: {},
    short: { expires: now + 45_000 },
    'too long': { expires: now + longest + 1 },
    later: { notBefore: now + 30_000 },
    'just sealed': { sealedAt: now - 30_000 },
    'rehearsed long ago': { rehearsedAt: now - 50 * minute, expires: now + longest },
    'rehearsed later': { rehearsedAt: now + 10_000 },
    'no rehearsal': { evidence: 'verification' },
    'other release': { release: 'way' },
    'unknown release': { release: 'unknown' },
    'an earlier document': { policy: earlier },
    'no target': {},
    'few signatures': {},
  };
  return flaws[flaw];
}

/** Whose signature a statement lacks for its seats. */
function nextSigner(world: World, statement: Ratification): string | null {
  const seats = seatsOf(policyOf(world, statement.policy), statement);
  const able = registryOf(world, inForce(world, 'registry')).people.filter((one) => !statement.authors.includes(one));
  const signed = world.signatures.filter((one) => one.statement === statement.id).map(({ person }) => person);
  // without a signature it is not held at all
  if (signed.length > 0 && fills(seats, signed)) return null;
  return able.find((one) => !signed.includes(one)) ?? null;
}

function isLastSigner(world: World, statement: Ratification, by: string): boolean {
  const signed = world.signatures.filter((one) => one.statement === statement.id).map(({ person }) => person);
  return signed.length > 0 && fills(seatsOf(policyOf(world, statement.policy), statement), [...signed, by]);
}

/** What a statement lacks that people or the relay can still do; null: nothing. */
function completed(world: World, statement: Ratification): Action | null {
  const isCurrent = statement.registry === inForce(world, 'registry') && statement.policy === inForce(world, 'policy');
  const by = isCurrent ? nextSigner(world, statement) : null;
  const reviewed = (world.handedIn[statement.release] ?? 0) + policyOf(world, statement.policy).review;
  // some sign at once all the same
  const isPatient = Number(statement.id.slice(1)) % 4 !== 0;
  if (by !== null && isPatient && world.now < reviewed) return { do: 'clock', to: reviewed };
  if (by !== null) return { do: 'submit', statement: statement.id, by, over: 'it' };
  if (held(world, statement.id) !== null && !world.targets.includes(statement.id))
    return { do: 'target', statement: statement.id };
  return null;
}

/** A statement of this kind that is open, or the next thing to do for one. */
function asked(world: World, more: Partial<Ratification>): Action {
  const newest = ratifications(world).findLast(
    ({ opens, release }) =>
      release === (more.release ?? 'small') && JSON.stringify(opens) === JSON.stringify(more.opens),
  );
  const missing = newest === undefined ? null : completed(world, newest);
  return missing ?? { do: 'propose', statement: ratification(world, more) };
}

/** What an executor does next who wants a release up or down, and what others do for it. */
function advance(world: World, intent: Extract<Intent, { want: 'advance' }>): Action {
  const { direction: wanted, release: pick } = intent;
  const second = intent.session === 'one' ? 'two' : 'one';
  const { transaction: its, attempt: newer } = world.sessions[second];
  // to wait for the other one, or to take its turn, all the time would lead nowhere
  const isAhead = its?.layer.fence === true || (newer !== null && newer.epoch === world.epoch);
  const session = isAhead && (pick < 7 || pick > 9) ? second : intent.session;
  const { transaction, attempt } = world.sessions[session];
  if (transaction?.state === 'aborted') return { do: 'rollback', session };
  const view = viewOf(world, session);
  const entered = view.entered.at(-1);
  if (entered !== undefined) return goOn(world, session);
  const newest = attempt !== null && attempt.epoch === view.epoch ? held(world, attempt.cycle)?.release : undefined;
  const release = (pick === 1 ? undefined : newest) ?? (pick < 4 ? 'way' : pick < 10 ? 'small' : 'apart');
  if (world.handedIn[release] === undefined) return { do: 'release', name: release };
  const mine = rollouts(world).filter((one) => one.release === release);
  const placed = mine.findLast(({ id }) => inPlace(view, id));
  // who has an attempt goes on with it most of the time, and there is nothing to roll back before something was rolled out
  const isMine = attempt !== null && attempt.epoch === view.epoch && mine.some(({ id }) => id === attempt.cycle);
  const isDone = placed !== undefined && nextTier(view, { cycle: placed.id, name: release, direction: 'up' }) === null;
  const direction =
    placed === undefined ? 'up' : isDone ? 'down' : isMine && pick !== 1 && pick !== 2 ? attempt.direction : wanted;
  const isUsable = ({ id }: Ratification): boolean => whyClosed(world, { view, id, direction }) === null;
  const cycle =
    placed ??
    mine.find(({ id }) => undecided(view, id) !== undefined) ??
    mine.findLast((one) => isUsable(one) && !view.steps.some((row) => row.cycle === one.id));
  if (direction === 'down' && placed !== undefined && !isUsable(placed))
    return asked(world, { release, opens: { what: 'rollback', cycle: placed.id } });
  if (cycle === undefined || (!isUsable(cycle) && undecided(view, cycle.id) === undefined)) {
    const unfinished = mine.findLast(({ id }) => !view.steps.some((row) => row.cycle === id));
    const missing = unfinished === undefined ? null : completed(world, unfinished);
    if (missing !== null) return missing;
    if (placed === undefined) return { do: 'propose', statement: ratification(world, { release }) };
  }
  const { id } = (cycle ?? placed) as Ratification;
  if (attempt?.cycle !== id || attempt.direction !== direction || attempt.epoch !== view.epoch)
    return { do: 'attempt', session, cycle: id, direction };
  const sending = undecided(view, id);
  if (sending !== undefined) return bringToItsEnd(world, { session, sending, epoch: view.epoch });
  if (transaction === null) return { do: 'begin', session, isolation: 'read committed' };
  const tier = nextTier(view, { cycle: id, name: release, direction });
  const isLazy = pick > 6 && pick < 10;
  if (!isLazy && direction === 'up' && tier !== null && view.data.ready < tier.ready) return { do: 'ready', rows: 1 };
  const holdPoints = policyOf(world, inForce(world, 'policy')).holdPoints;
  if (!isLazy && direction === 'up' && holdPoints.some(({ before }) => before === tier?.id)) {
    const answer = { what: 'tier' as const, tier: tier?.id ?? '', cycle: id };
    const open = ratifications(world).some(
      (one) =>
        JSON.stringify(one.opens) === JSON.stringify(answer) &&
        whyClosed(world, { view, id: one.id, direction }) === null,
    );
    if (!open) return asked(world, { release, opens: answer });
  }
  return {
    do: 'enter',
    session,
    cycle: id,
    direction,
    tier: tier?.id ?? tiersOf(release)[0]?.id ?? '',
    epoch: view.epoch,
  };
}

/** What was sent, or was to be, is sent, waited for and decided; what it left is cleared. */
function bringToItsEnd(
  world: World,
  of: { readonly session: Name; readonly sending: Sending; readonly epoch: number },
): Action {
  const { session, sending, epoch } = of;
  const { cycle, phase, link, isNoted } = sending;
  const call = {
    session,
    cycle,
    epoch,
    text: sealedStep(world, sending)?.sql ?? '',
  };
  if (phase === 'debris') return { do: 'clear', ...call };
  const own = viewOf(world, session).link;
  const isOpen =
    phase === 'clearing' ||
    whyClosed(world, { view: viewOf(world, session), id: cycle, direction: sending.direction }) === null;
  if (!isNoted && own?.id === link && own.password && isOpen) return sendable(world, { do: 'send', ...call });
  return { do: world.connected.includes(link) && own?.id === link ? 'poll' : 'decide', ...call };
}

/** A build waits for older snapshots, which a transaction that is REPEATABLE READ keeps: it ends first. */
function sendable(world: World, action: Action): Action {
  const keeps = (['one', 'two'] as const).find(
    (name) => world.sessions[name].transaction?.isolation === 'repeatable read',
  );
  return keeps === undefined ? action : { do: 'rollback', session: keeps };
}

/** The session that is within a tier. */
function within(world: World): Name | null {
  const names = ['one', 'two'] as const;
  const isWithin = (name: Name): boolean => {
    const { transaction } = world.sessions[name];
    return transaction?.state === 'active' && transaction.layer.entered.length > 0;
  };
  return names.find(isWithin) ?? null;
}

/** The first part closes, the last one is the session's next call. */
function interrupt(world: World, { by, part, pick }: Extract<Intent, { want: 'interrupt' }>): Action | null {
  const session = within(world);
  const row = session === null ? undefined : viewOf(world, session).entered.at(-1);
  if (session === null || row === undefined) return null;
  if (part > 0) return goOn(world, session);
  const answers = ratifications(world).filter(({ opens }) => opens.what === 'tier' && opens.cycle === row.cycle);
  const about = by === 'answer' ? (answers.at(-1)?.id ?? row.cycle) : row.cycle;
  const statement = world.statements[about];
  if (by === 'end' && statement?.kind === 'ratification') {
    const { rollback } = policyOf(world, statement.policy);
    const end = statement.expires + (row.direction === 'down' ? rollback : 0) + (pick % 4 === 0 ? 0 : 1);
    return { do: 'clock', to: Math.max(world.now, end) };
  }
  if (by === 'policy') return change(world, { want: 'change', kind: 'policy', pick: [1, 1, 1], flaw: 'none' });
  return against(world, { kind: 'revocation', about, by: of(Object.keys(people), pick) ?? 'ana' });
}

/** A revocation or decline is written, and then signed. */
function against(world: World, of: { kind: 'revocation' | 'decline'; about: string; by: string }): Action {
  const { kind, about, by } = of;
  const unsigned = all(world).findLast(
    (one) => 'of' in one && one.kind === kind && !world.signatures.some(({ statement }) => statement === one.id),
  );
  return unsigned === undefined
    ? { do: 'propose', statement: { id: newId(world), kind, of: about } }
    : { do: 'submit', statement: unsigned.id, by, over: 'it' };
}

function rival(world: World, { session, old, direction }: Extract<Intent, { want: 'rival' }>): Action | null {
  const view = viewOf(world, session);
  const hasBegun = ({ id }: Ratification): boolean => [...view.steps, ...view.sendings].some((row) => row.cycle === id);
  const cycle = rollouts(world).findLast(hasBegun);
  if (cycle === undefined) return null;
  if (old) return { do: 'attempt', session, cycle: cycle.id, direction };
  const fresh = rollouts(world).findLast(
    ({ id, release }) =>
      release === cycle.release &&
      ![...view.steps, ...view.sendings].some((row) => row.cycle === id) &&
      (held(world, id) === null || whyClosed(world, { view, id, direction: 'up' }) !== 'seats'),
  );
  const isUsable = fresh !== undefined && whyClosed(world, { view, id: fresh.id, direction: 'up' }) === null;
  if (isUsable) return { do: 'attempt', session, cycle: fresh.id, direction: 'up' };
  const missing = fresh === undefined ? null : completed(world, fresh);
  return missing ?? { do: 'propose', statement: ratification(world, { release: cycle.release }) };
}

const isOutside = (world: World, { cycle, tier }: { readonly cycle: string; readonly tier: string }): boolean =>
  tiersOf(releaseOf(world, cycle)).find(({ id }) => id === tier)?.transaction === 'outside';

/** The next call within a tier that was entered. */
function goOn(world: World, session: Name): Action {
  const view = viewOf(world, session);
  const row = view.entered.at(-1) as (typeof view.entered)[number];
  const { cycle, direction, tier } = row;
  const isSame = (one: { cycle: string; direction: Direction; tier: string }): boolean =>
    one.cycle === cycle && one.direction === direction && one.tier === tier;
  if (view.markers.some(isSame) || undecided(view, cycle) !== undefined)
    return { do: 'commit', session, form: 'commit' };
  const sealed = stepsOf(held(world, cycle)?.release ?? '', row);
  const ran = view.steps.filter(isSame).length;
  const next = sealed[ran];
  return next === undefined
    ? { do: 'leave', session, ...row }
    : { do: isOutside(world, row) ? 'outside' : 'step', session, cycle, direction, tier, n: ran + 1, text: next.sql };
}

function call(
  world: World,
  { session, call: name, pick, direction }: Extract<Intent, { want: 'call' }>,
): Action | null {
  const view = viewOf(world, session);
  const entered = view.entered.at(-1);
  const [a, b, c] = pick;
  const statement = of(ratifications(world), a);
  if (statement === undefined) return null;
  if (name === 'attempt') return { do: 'attempt', session, cycle: statement.id, direction };
  if (name === 'send' || name === 'poll' || name === 'decide' || name === 'clear') {
    const sending = of(view.sendings, b);
    const cycle = sending !== undefined && a % 4 < 3 ? sending.cycle : statement.id;
    const right = sending === undefined ? undefined : sealedStep(world, sending)?.sql;
    const text = c % 4 === 3 ? 'drop table q' : (right ?? 'select 1');
    return sendable(world, { do: name, session, cycle, epoch: view.epoch - (c % 8 === 1 ? 1 : 0), text });
  }
  // half of the calls are about what was entered, and wrong in one thing
  const isNear = entered !== undefined && b % 2 === 0;
  const tiers = [
    ...tiersOf(isNear ? (held(world, entered.cycle)?.release ?? '') : statement.release),
    { id: '4-barred' },
  ];
  const row = isNear
    ? { cycle: entered.cycle, direction: entered.direction, tier: entered.tier }
    : { cycle: statement.id, direction, tier: tiers[b % tiers.length]?.id ?? '' };
  if (name !== 'step' && name !== 'batch' && name !== 'outside') {
    const epoch = (isNear ? entered.epoch : view.epoch) - (c % 4 === 0 ? 1 : 0);
    return { do: name, session, ...row, epoch };
  }
  const sealed = stepsOf(held(world, row.cycle)?.release ?? '', row);
  const ran = view.steps.filter(
    (one) => one.cycle === row.cycle && one.direction === row.direction && one.tier === row.tier,
  );
  const n = Math.max(1, ran.length + [1, 1, 0, 2][c % 4]!);
  const right = sealed[n - 1]?.sql ?? 'select 1';
  const text = [right, `${right} `, sealed[0]?.sql ?? 'select 1', 'delete from t'][(c >> 2) % 4] ?? right;
  return { do: name, session, ...row, n, text };
}

function control(world: World, intent: Extract<Intent, { want: 'control' }>): Action {
  const { control: name, depth } = intent;
  // savepoints belong to whoever has a transaction
  const names = [intent.session, 'one', 'two'] as const;
  const isOpen = (one: Name): boolean => world.sessions[one].transaction !== null;
  const session = (/savepoint|rollback-to|constraints|chain/.test(name) ? names.find(isOpen) : null) ?? intent.session;
  const depths = world.sessions[session].transaction?.savepoints.length ?? 0;
  switch (name) {
    case 'begin':
      return { do: 'begin', session, isolation: 'read committed' };
    case 'repeatable read':
      return { do: 'begin', session, isolation: 'repeatable read' };
    case 'rollback-to':
    case 'release-savepoint':
      // one too deep now and then
      return { do: name, session, depth: depths === 0 ? depth : depth === 2 ? depths : depth % depths };
    case 'savepoint':
    case 'rollback':
    case 'constraints':
      return { do: name, session };
    default:
      return { do: 'commit', session, form: name };
  }
}

/** The moments at which something opens or closes. */
function moments(world: World): readonly number[] {
  const { now } = world;
  const found = all(world).flatMap((one) => {
    if ('of' in one) return [];
    const ends = [one.notBefore, one.expires];
    if (one.kind !== 'ratification') return ends;
    const { review, rollback, maxAge } = policyOf(world, one.policy);
    return [
      ...ends,
      one.expires + rollback,
      (world.handedIn[one.release] ?? now) + review,
      one.sealedAt + review,
      one.rehearsedAt,
      one.rehearsedAt + maxAge,
    ];
  });
  const ages = [
    ...Object.values(world.sessions).flatMap(({ transaction }) => (transaction === null ? [] : [transaction.began])),
    ...world.sendings.filter(({ phase }) => phase === 'sent').map(({ beganAt }) => beganAt),
  ].map((at) => at + minute);
  return [...new Set([...found, ...ages])].filter((at) => at > world.now).sort((a, b) => b - a);
}

function clock(world: World, { pick, offset }: Extract<Intent, { want: 'clock' }>): Action {
  // every second time a little passes, else the next moment comes, one before it or one after
  const at = pick % 2 === 0 ? undefined : of(moments(world), pick >> 1);
  return { do: 'clock', to: Math.max(world.now, at === undefined ? world.now + 5000 : at + offset) };
}

/** Signs the newest statement, hands in what it lacks, and asks whether it is open. */
export function completeNewest(world: World, flaw: Flaw): Action | null {
  const newest = ratifications(world).at(-1);
  if (newest === undefined) return null;
  const direction = newest.opens.what === 'rollback' ? 'down' : 'up';
  const ask: Action = { do: 'ask', statement: newest.id, direction };
  const missing = completed(world, newest);
  if (flaw === 'no target' && missing?.do === 'target') return ask;
  // all signatures but the last, and then the rest of what the relay hands in
  if (flaw === 'few signatures' && missing?.do === 'submit' && isLastSigner(world, newest, missing.by))
    return world.targets.includes(newest.id) ? ask : { do: 'target', statement: newest.id };
  return missing ?? ask;
}

function propose(world: World, { opens, pick, flaw }: Extract<Intent, { want: 'propose' }>): Action | null {
  const more = flawed(world, flaw);
  // the release with a one-way tier needs most signatures
  const release = flaw === 'few signatures' && world.handedIn['way'] !== undefined ? 'way' : 'small';
  if (opens === 'rollout') return { do: 'propose', statement: ratification(world, { release, ...more }) };
  const cycle = of(pick[0] % 5 === 4 ? ratifications(world) : rollouts(world), pick[0]);
  if (cycle === undefined) return null;
  const tier = of(tiersOf(cycle.release), pick[1])?.id ?? '1-rows';
  return {
    do: 'propose',
    statement: ratification(world, {
      release: cycle.release,
      ...more,
      opens: opens === 'tier' ? { what: 'tier', tier, cycle: cycle.id } : { what: 'rollback', cycle: cycle.id },
    }),
  };
}

/** A change, and then who signs it; the document is drafted with it. */
function change(world: World, { kind, pick, flaw }: Extract<Intent, { want: 'change' }>): Action {
  const current = inForce(world, kind);
  const [a] = pick;
  const isNext = ({ previous, number }: Change): boolean =>
    previous === current || number === world.accepted[kind].length;
  const waiting = all(world).findLast((one): one is Change => one.kind === kind && isNext(one));
  if (waiting !== undefined && a % 4 !== 0) return signedOrAccepted(world, waiting);
  const drafted = Object.values(world.documents).findLast(
    (one) => one.kind === kind && (kind === 'policy' || (one.kind === 'registry' && one.registry.previous === current)),
  );
  if (kind === 'registry' && (drafted === undefined || a % 8 === 0)) {
    const { version, people: now } = registryOf(world, current);
    const toggled = ['ben', 'cleo', 'ana'][a % 3] ?? 'ben';
    const next = Object.keys(people).filter((one) => (one === toggled) !== now.includes(one));
    const registry = { version: version + 1, previous: a % 16 === 8 ? 'first' : current, people: next };
    const named = JSON.stringify(registry);
    if (world.documents[named] === undefined)
      return { do: 'draft', document: { kind: 'registry', token: named, registry } };
  }
  const names = Object.keys(policies).filter((one) => one !== current);
  // the newest draft does not follow the registry in force
  if (kind === 'registry' && drafted === undefined)
    return { do: 'accept', document: Object.keys(world.documents).at(-1) ?? '' };
  const token = kind === 'registry' ? (drafted?.token ?? '') : (of(names, a >> 2) ?? 'short');
  if (world.documents[token] === undefined)
    return { do: 'draft', document: { kind: 'policy', token, policy: policies[token]! } };
  const number = world.accepted[kind].length + (flaw === 'an earlier document' ? -1 : 0);
  const { notBefore = world.now, expires = world.now + hour } = flawed(world, flaw);
  return {
    do: 'propose',
    statement: {
      id: newId(world),
      kind,
      document: token,
      previous: flaw === 'other release' ? (world.accepted[kind][0] ?? current) : current,
      number: Math.max(1, number),
      notBefore,
      expires,
    },
  };
}

function signedOrAccepted(world: World, waiting: Change): Action {
  const policy = policyOf(world, inForce(world, 'policy'));
  const signers = signersOf(world, waiting);
  if (fills(policy.quorum, signers)) return { do: 'accept', document: waiting.document };
  const able = registryOf(world, inForce(world, 'registry')).people;
  const by = able.find((one) => !world.signatures.some((s) => s.statement === waiting.id && s.person === one));
  return by === undefined
    ? { do: 'accept', document: waiting.document }
    : { do: 'submit', statement: waiting.id, by, over: 'it' };
}

/** What an intent is, here and now; null: nothing that could be done. */
export function resolve(world: World, intent: Intent): Action | null {
  const action = wished(world, intent);
  if (world.running === null || action === null) return action;
  // how far a build is that waits for this transaction nobody can say: until it ends, only what does not ask is done
  const { session } = world.running;
  const isFit = 'session' in action && action.session === session && fit.includes(action.do);
  return isFit ? action : { do: 'rollback', session };
}

const fit: readonly Action['do'][] = [
  'send',
  'poll',
  'decide',
  'clear',
  'commit',
  'rollback',
  'savepoint',
  'rollback-to',
];

function wished(world: World, intent: Intent): Action | null {
  switch (intent.want) {
    case 'advance':
      return advance(world, intent);
    case 'interrupt':
      return interrupt(world, intent);
    case 'rival':
      return rival(world, intent);
    case 'call':
      return call(world, intent);
    case 'control':
      return control(world, intent);
    case 'clock':
      return clock(world, intent);
    case 'propose':
      return propose(world, intent);
    case 'change':
      return change(world, intent);
    case 'sign': {
      const statement = of(all(world), intent.pick[0]);
      const by = of(Object.keys(people), intent.pick[1]);
      return statement === undefined || by === undefined
        ? null
        : { do: 'submit', statement: statement.id, by, over: intent.over };
    }
    case 'hand-in': {
      const waiting = ratifications(world).filter(({ id }) => !world.targets.includes(id));
      const statement = of(waiting, intent.pick[0]);
      if (statement === undefined || intent.pick[1] % 8 === 0) return { do: 'release', name: 'way' };
      return { do: 'target', statement: statement.id };
    }
    case 'revoke':
    case 'decline': {
      const kind = intent.want === 'revoke' ? 'revocation' : 'decline';
      const about = all(world).filter((one) => one.kind !== 'revocation' && one.kind !== 'decline');
      const statement = of(about, intent.pick[0]);
      const by = of(Object.keys(people), intent.pick[1]) ?? 'ana';
      return statement === undefined ? null : against(world, { kind, about: statement.id, by });
    }
    case 'accept': {
      const document = of(Object.values(world.documents), intent.pick[0]);
      return document === undefined ? null : { do: 'accept', document: document.token };
    }
    case 'data': {
      const { what } = intent;
      if (what === 'ready' || what === 'unready') return { do: 'ready', rows: what === 'ready' ? 1 : 0 };
      if (what.endsWith('drift')) return { do: 'drift', drift: what === 'drift' };
      if (what.endsWith('index')) return { do: 'index', to: what === 'no index' ? 'none' : 'another' };
      const row = what.includes('twin') ? 'p1' : what.endsWith('nine') ? 't9' : 'null';
      return { do: 'rows', effect: what.startsWith('no ') ? { remove: [row] } : { add: row } };
    }
    case 'ask': {
      const asked =
        intent.pick[1] % 4 === 0 ? all(world) : ratifications(world).filter(({ id }) => held(world, id) !== null);
      const statement = of(asked, intent.pick[0]);
      return statement === undefined ? null : { do: 'ask', statement: statement.id, direction: intent.direction };
    }
  }
}
