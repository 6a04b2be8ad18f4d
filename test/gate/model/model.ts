import {
  type Change,
  type Data,
  type Direction,
  type Document,
  type Effect,
  type Index,
  people,
  type Policy,
  type Ratification,
  type Registry,
  type Release,
  releases,
  type Seat,
  type Step,
  type Statement,
  type Tier,
} from './world.ts';

/** The two sessions of the executor. */
export type Name = 'one' | 'two';

interface StepRow {
  readonly cycle: string;
  readonly direction: Direction;
  readonly tier: string;
}
type Marker = StepRow;
interface Entered extends StepRow {
  readonly epoch: number;
}

/** A step that is sent outside of a transaction, and what became of it. */
interface Sending extends StepRow {
  readonly n: number;
  readonly phase: 'sent' | 'debris' | 'clearing' | 'absent' | 'done';
  readonly tries: number;
  /** The connection that was prepared for it. */
  readonly link: number;
  readonly beganAt: number;
  readonly isNoted: boolean;
  /** Its answer was heard: it counts for VACUUM alone, which leaves nothing to look at. */
  readonly isHeard: boolean;
  /** The index before. */
  readonly before: Data['index'];
}

/** A connection that a session prepared: it has its password until it is used. */
interface Link {
  readonly id: number;
  readonly password: boolean;
}

/** What one transaction has done so far. */
interface Layer {
  readonly epoch: number | null;
  readonly steps: readonly StepRow[];
  readonly markers: readonly Marker[];
  readonly effects: readonly Effect[];
  readonly entered: readonly Entered[];
  readonly fence: boolean;
  /** How the schema was when the gate looked last, by cycle. */
  readonly kept: Readonly<Record<string, string>>;
  /** SET CONSTRAINTS: from then on the check of COMMIT comes at once. */
  readonly constraints: 'deferred' | 'immediate';
  readonly sendings: readonly Sending[];
  /** Undefined: as before the transaction. */
  readonly link: Link | undefined;
  /** The connection whose password the runner has; null: none. Undefined: as before the transaction. */
  readonly password: number | null | undefined;
}

const nothing: Layer = {
  sendings: [],
  link: undefined,
  password: undefined,
  constraints: 'deferred',
  epoch: null,
  steps: [],
  markers: [],
  effects: [],
  entered: [],
  fence: false,
  kept: {},
};

interface Transaction {
  readonly began: number;
  readonly isolation: 'read committed' | 'repeatable read';
  readonly state: 'active' | 'aborted';
  readonly savepoints: readonly Layer[];
  readonly layer: Layer;
}

interface SessionState {
  readonly transaction: Transaction | null;
  /** What its last attempt was answered: the test remembers it, as a client does. */
  readonly attempt: { readonly cycle: string; readonly direction: Direction; readonly epoch: number } | null;
  readonly link: Link | null;
}

interface Received {
  readonly statement: string;
  readonly person: string;
  readonly at: number;
}

/** The whole of what the rules depend on. */
export interface World {
  readonly now: number;
  readonly documents: Readonly<Record<string, Document>>;
  /** Tokens in the order of acceptance; the last is in force. */
  readonly accepted: Readonly<Record<'registry' | 'policy', readonly string[]>>;
  readonly statements: Readonly<Record<string, Statement>>;
  readonly signatures: readonly Received[];
  /** Statements whose descriptor was handed in. */
  readonly targets: readonly string[];
  /** Releases, and when each was handed in first. */
  readonly handedIn: Readonly<Record<string, number>>;
  /** Changes that have put a document in force. */
  readonly spent: readonly string[];
  readonly epoch: number;
  readonly steps: readonly StepRow[];
  readonly markers: readonly Marker[];
  readonly kept: Readonly<Record<string, string>>;
  readonly data: Data;
  readonly sendings: readonly Sending[];
  /** Connections that were prepared so far: each has the next number. No transaction undoes it, nor what is connected. */
  readonly links: number;
  readonly connected: readonly number[];
  /** What was sent within a transaction goes on when that ends; null: nothing was. */
  readonly running: { readonly session: Name; readonly link: number; readonly effect: Effect } | null;
  readonly password: number | null;
  readonly sessions: Readonly<Record<Name, SessionState>>;
}

/** What somebody does. */
export type Action =
  | { readonly do: 'clock'; readonly to: number }
  | { readonly do: 'propose'; readonly statement: Statement }
  | { readonly do: 'draft'; readonly document: Document }
  | { readonly do: 'submit'; readonly statement: string; readonly by: string; readonly over: 'it' | 'another' }
  | { readonly do: 'target'; readonly statement: string }
  | { readonly do: 'release'; readonly name: string }
  | { readonly do: 'accept'; readonly document: string }
  | { readonly do: 'rows'; readonly effect: Effect }
  | { readonly do: 'ready'; readonly rows: number }
  | { readonly do: 'drift'; readonly drift: boolean }
  /** The owner drops the index, whoever made it, or makes another one of its name. */
  | { readonly do: 'index'; readonly to: 'none' | 'another' }
  /** Somebody makes a SECURITY DEFINER function while no tier is entered: the model knows no more of it than that this closes nothing. */
  | { readonly do: 'definer' }
  | { readonly do: 'ask'; readonly statement: string; readonly direction: Direction }
  | { readonly do: 'begin'; readonly session: Name; readonly isolation: Transaction['isolation'] }
  | { readonly do: 'savepoint' | 'rollback' | 'constraints'; readonly session: Name }
  | { readonly do: 'rollback-to' | 'release-savepoint'; readonly session: Name; readonly depth: number }
  | {
      readonly do: 'commit';
      readonly session: Name;
      readonly form: 'commit' | 'end transaction' | 'commit work' | 'commit and chain';
    }
  | { readonly do: 'attempt'; readonly session: Name; readonly cycle: string; readonly direction: Direction }
  | Bound
  | StepCall
  | Sent;

/** What follows an intention. `send`: and the statement ends. `poll`: until it no longer runs, or is seen to go on. */
interface Sent {
  readonly do: 'send' | 'poll' | 'decide' | 'clear';
  readonly session: Name;
  readonly cycle: string;
  readonly epoch: number;
  readonly text: string;
}

interface Bound extends Entered {
  readonly do: 'enter' | 'leave';
  readonly session: Name;
}
interface StepCall extends StepRow {
  /** `batch`: as a step that runs in batches; `outside`: the intention to send it outside of a transaction. */
  readonly do: 'step' | 'batch' | 'outside';
  readonly session: Name;
  readonly n: number;
  readonly text: string;
}

/** What is answered: `ok` and, of an attempt, its number; the gate's code; or PostgreSQL's SQLSTATE. */
export type Outcome = string;

/** The release that is there at the beginning was handed in so long before it. */
export const handedInBefore = 600_000;

/** How a database begins: with its first documents, and one release handed in. */
export function firstWorld(of: { readonly now: number; readonly policy: Policy }): World {
  const registry: Registry = { version: 1, previous: null, people: Object.keys(people) };
  return {
    now: of.now,
    documents: {
      strict: { kind: 'policy', token: 'strict', policy: of.policy },
      first: { kind: 'registry', token: 'first', registry },
    },
    accepted: { registry: ['first'], policy: ['strict'] },
    statements: {},
    signatures: [],
    targets: [],
    handedIn: { small: of.now - handedInBefore },
    spent: [],
    epoch: 0,
    steps: [],
    markers: [],
    kept: {},
    data: { rows: { t1: 1 }, table: false, index: { is: 'none', made: 0 }, drift: false, ready: 0 },
    sendings: [],
    links: 0,
    connected: [],
    running: null,
    password: null,
    sessions: {
      one: { transaction: null, attempt: null, link: null },
      two: { transaction: null, attempt: null, link: null },
    },
  };
}

/** What a session, or somebody outside (null), sees: what was committed and what its transaction did. */
interface View extends Omit<Layer, 'epoch' | 'effects' | 'constraints' | 'link' | 'password'> {
  readonly epoch: number;
  readonly data: Data;
  readonly link: Link | null;
}

export function viewOf(world: World, session: Name | null): View {
  const layer = (session === null ? null : world.sessions[session].transaction?.layer) ?? nothing;
  return {
    epoch: layer.epoch ?? world.epoch,
    steps: [...world.steps, ...layer.steps],
    markers: [...world.markers, ...layer.markers],
    data: layer.effects.reduce(changed, world.data),
    entered: layer.entered,
    kept: { ...world.kept, ...layer.kept },
    fence: layer.fence,
    sendings: merged(world.sendings, layer.sendings),
    link: layer.link ?? (session === null ? null : world.sessions[session].link),
  };
}

const isUndecided = ({ phase }: Sending): boolean => phase !== 'absent' && phase !== 'done';

/** Each row once, as it is now. */
function merged(before: readonly Sending[], after: readonly Sending[]): readonly Sending[] {
  const isSame = (one: Sending): ((other: Sending) => boolean) => {
    const isIt = isOf(one.cycle, one.direction, one.tier);
    return (other) => isIt(other) && other.n === one.n;
  };
  return [...before.filter((one) => !after.some(isSame(one))), ...after];
}

function changed(data: Data, effect: Effect): Data {
  if ('table' in effect) return effect.table === 'vacuumed' ? data : { ...data, table: effect.table === 'made' };
  if ('index' in effect) {
    if (effect.index === 'rebuilt') return rebuilt(data);
    return withIndex(data, effect.index === 'built' ? built(data) : 'none');
  }
  if ('add' in effect) return { ...data, rows: { ...data.rows, [effect.add]: (data.rows[effect.add] ?? 0) + 1 } };
  return { ...data, rows: { ...data.rows, ...Object.fromEntries(effect.remove.map((row) => [row, 0])) } };
}

const withIndex = (data: Data, is: Index): Data =>
  is === data.index.is ? data : { ...data, index: { is, made: data.index.made + 1 } };

/** REINDEX CONCURRENTLY makes another one, which is valid, and drops the first. */
const rebuilt = (data: Data): Data =>
  data.index.is === 'none' ? data : { ...data, index: { ...data.index, made: data.index.made + 1 } };

/** What a build leaves: two rows alike make it fail, and one of its name is in its way. */
function built(data: Data): Index {
  if (data.index.is !== 'none') return data.index.is;
  return (data.rows['p1'] ?? 0) > 1 ? 'invalid' : 'valid';
}

export const schemaOf = ({ table, drift, index }: Data): string =>
  `${table ? 'with' : 'without'} n, index ${index.is}${drift ? ', drifted' : ''}`;

const isOf =
  (cycle: string, direction: Direction, tier?: string) =>
  (row: StepRow): boolean =>
    row.cycle === cycle && row.direction === direction && (tier === undefined || row.tier === tier);

export function inForce(world: World, kind: 'registry' | 'policy'): string {
  return world.accepted[kind].at(-1) ?? '';
}

export function policyOf(world: World, token: string): Policy {
  const found = world.documents[token];
  if (found?.kind !== 'policy') throw new Error(`no policy ${token}`);
  return found.policy;
}

export function registryOf(world: World, token: string): Registry {
  const found = world.documents[token];
  if (found?.kind !== 'registry') throw new Error(`no registry ${token}`);
  return found.registry;
}

/** A ratification that this database holds: somebody's signature was handed in. */
export function held(world: World, id: string): Ratification | null {
  const found = world.statements[id];
  const signed = world.signatures.some(({ statement }) => statement === id);
  return found?.kind === 'ratification' && signed ? found : null;
}

export function tiersOf(name: string): readonly Tier[] {
  return releases[name]?.tiers ?? [];
}

const begun = (view: View, cycle: string, tier: string): boolean =>
  [...view.steps, ...view.sendings.filter(isUndecided)].some(isOf(cycle, 'up', tier));
const marked = (view: View, row: StepRow): boolean => view.markers.some(isOf(row.cycle, row.direction, row.tier));

/** In place: a tier of it has begun up and has no marker down. */
export function inPlace(view: View, cycle: string): boolean {
  return [...view.steps, ...view.sendings.filter(isUndecided)].some(
    ({ cycle: of, direction, tier }) =>
      of === cycle && direction === 'up' && !marked(view, { cycle, direction: 'down', tier }),
  );
}

/** The next tier of a cycle in a direction, or null. */
export function nextTier(view: View, of: { cycle: string; name: string; direction: Direction }): Tier | null {
  const { cycle, name, direction } = of;
  const tiers = tiersOf(name);
  if (direction === 'up') return tiers.find(({ id }) => !marked(view, { cycle, direction, tier: id })) ?? null;
  const isOpen = ({ id: tier }: Tier): boolean =>
    (begun(view, cycle, tier) || marked(view, { cycle, direction: 'up', tier })) &&
    !marked(view, { cycle, direction, tier });
  return tiers.findLast(isOpen) ?? null;
}

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
function whyNotOpen(world: World, view: View, row: StepRow): string | null {
  const code = whyClosed(world, { view, id: row.cycle, direction: row.direction });
  return code ?? (holds(world, view, row) ? null : 'hold-point');
}

/** Whether no hold point holds a tier up: there is none, or an answer to it is open. */
function holds(world: World, view: View, { cycle, direction, tier }: StepRow): boolean {
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

const other = (name: Name): Name => (name === 'one' ? 'two' : 'one');

function isElsewhere(world: World, view: View, cycle: string): boolean {
  const release = held(world, cycle)?.release;
  return Object.keys(world.statements).some(
    (id) => id !== cycle && held(world, id)?.release === release && inPlace(view, id),
  );
}

/** What a call of the gate answers; where it is not refused, what it adds to the transaction. */
type Answer =
  | { readonly code: string }
  | {
      readonly code: null;
      readonly layer: Layer;
      readonly value?: string;
      /** What no transaction undoes. */
      readonly now?: Partial<World>;
    };
const refused = (code: string): Answer => ({ code });

/** What every call of the executor sees. */
interface Call {
  readonly world: World;
  readonly session: Name;
  readonly view: View;
  readonly layer: Layer;
}

function sessionCode({ world, session }: Call): string | null {
  return world.sessions[session].transaction?.isolation === 'repeatable read' ? 'session' : null;
}

function purposeCode({ world }: Call, cycle: string): string | null {
  const found = held(world, cycle);
  return found !== null && found.opens.what !== 'rollout' ? 'purpose' : null;
}

const lockTimeout = '55P03';
const uniqueViolation = '23505';
const duplicateTable = '42P07';
function waits({ world, session }: Call): boolean {
  return world.sessions[other(session)].transaction?.layer.fence === true;
}

function attempt(call: Call, { cycle, direction }: Extract<Action, { do: 'attempt' }>): Answer {
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

function enter(call: Call, { cycle, direction, tier, epoch }: Bound): Answer {
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
function whyNotEntered(world: World, { statement, direction }: Extract<Action, { readonly do: 'ask' }>): string | null {
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
function rehearsedAfter(world: World, { cycle, direction, tier }: StepRow): string {
  const { release, schema } = held(world, cycle) as Ratification;
  if (release === 'apart')
    return direction === 'up' || tier === '2-after' ? schema.replace('index none', 'index valid') : schema;
  const makes = release === 'small' && (direction === 'up' ? tier !== '1-rows' : tier === '3-last');
  return makes ? schema.replace('without', 'with') : schema;
}

function step(call: Call, { do: how, cycle, direction, tier, n, text }: StepCall): Answer {
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

/** The intention to send a step outside of a transaction. */
function outside(call: Call, { cycle, direction, tier, n, text }: StepCall): Answer {
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

/** The statement of a cycle that is not decided. */
const undecided = (view: Pick<View, 'sendings'>, cycle: string): Sending | undefined =>
  view.sendings.find((one) => one.cycle === cycle && isUndecided(one));

function sent(call: Call, { do: what, cycle, epoch, text }: Sent): Answer {
  const { world, session, view, layer } = call;
  const early = sessionCode(call);
  if (early !== null) return refused(early);
  if (epoch !== view.epoch) return refused('fence');
  if (what !== 'poll' && waits(call)) return refused(lockTimeout);
  const found = undecided(view, cycle);
  if (what === 'poll') return polled(call, found);
  if (found === undefined || (found.phase === 'debris') !== (what === 'clear') || (what === 'send' && found.isNoted))
    return refused('order');
  const held = { ...layer, fence: true };
  const as = (more: Partial<Sending>): Layer => ({
    ...held,
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
  if (link?.id !== found.link || !link.password) return { code: null, layer: held, value: 'not sent' };
  // whether it connects or not, the password is gone
  const used = { link: { ...link, password: false }, password: null };
  const isFree = !world.connected.includes(link.id);
  if (!isFree || world.password !== link.id) {
    const connected = world.connected.filter((one) => one !== link.id);
    return { code: null, layer: { ...held, ...used }, value: 'not sent', now: { connected } };
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

const releaseOf = (world: World, cycle: string): string => held(world, cycle)?.release ?? '';
const sealedStep = (world: World, { n, ...row }: StepRow & { readonly n: number }): Step | undefined =>
  stepsOf(releaseOf(world, row.cycle), row)[n - 1];

/** Whoever has the connection hangs up. */
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

function keeping(layer: Layer, cycle: string, schema: string): Layer {
  return { ...layer, kept: { ...layer.kept, [cycle]: schema } };
}

export function stepsOf(name: string, { direction, tier }: Pick<StepRow, 'direction' | 'tier'>): Tier['up'] {
  return tiersOf(name).find(({ id }) => id === tier)?.[direction] ?? [];
}

function leave(call: Call, { cycle, direction, tier, epoch }: Bound): Answer {
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

/** The checks of each tier that the transaction entered, in the order in which it did. */
function commitCode(world: World, session: Name, isPlain: boolean): string | null {
  const view = viewOf(world, session);
  for (const row of view.entered) {
    if (!isPlain) return 'commit';
    const name = held(world, row.cycle)?.release ?? '';
    const tier = tiersOf(name).find(({ id }) => id === row.tier);
    if (tier?.transaction === 'single' && !marked(view, row)) return 'order';
    const closed = whyNotOpen(world, view, row);
    if (closed !== null) return closed;
    if (schemaOf(view.data) !== view.kept[row.cycle]) return 'schema';
  }
  return null;
}

/** Whether what its transaction did is durable. */
function committed(world: World, session: Name): World {
  const layer = world.sessions[session].transaction?.layer ?? nothing;
  const view = viewOf(world, session);
  return ended(
    {
      ...world,
      epoch: layer.epoch ?? world.epoch,
      steps: view.steps,
      markers: view.markers,
      kept: view.kept,
      data: view.data,
      sendings: view.sendings,
      password: layer.password === undefined ? world.password : layer.password,
      sessions: { ...world.sessions, [session]: { ...world.sessions[session], link: view.link } },
    },
    session,
  );
}

function ended(world: World, session: Name): World {
  const after = withSession(world, session, { transaction: null });
  const { running } = world;
  return running?.session === session ? { ...after, running: null, data: changed(world.data, running.effect) } : after;
}

function withSession(world: World, session: Name, more: Partial<SessionState>): World {
  const sessions = { ...world.sessions, [session]: { ...world.sessions[session], ...more } };
  return { ...world, sessions };
}

interface Next {
  readonly world: World;
  readonly outcome: Outcome;
}

/** A statement failed: what was done since the last savepoint is undone, its locks are released. */
function failed(world: World, session: Name, outcome: Outcome): Next {
  const { transaction } = world.sessions[session];
  if (transaction === null) return { world, outcome };
  const layer = transaction.savepoints.at(-1) ?? nothing;
  return { world: withSession(world, session, { transaction: { ...transaction, state: 'aborted', layer } }), outcome };
}

/** A call of the gate, within a transaction or as one of its own. */
function called(world: World, action: Extract<Action, { do: 'attempt' }> | Bound | StepCall | Sent): Next {
  const { session } = action;
  const { transaction } = world.sessions[session];
  const call: Call = { world, session, view: viewOf(world, session), layer: transaction?.layer ?? nothing };
  const answer =
    action.do === 'attempt'
      ? attempt(call, action)
      : 'text' in action
        ? action.do === 'outside'
          ? outside(call, action)
          : 'n' in action
            ? step(call, action)
            : sent(call, action)
        : action.do === 'enter'
          ? enter(call, action)
          : leave(call, action);
  if (answer.code !== null) return failed(world, session, answer.code);
  const open: Transaction = transaction ?? {
    began: world.now,
    isolation: 'read committed',
    state: 'active',
    savepoints: [],
    layer: nothing,
  };
  const remembered =
    action.do === 'attempt'
      ? { attempt: { cycle: action.cycle, direction: action.direction, epoch: Number(answer.value) } }
      : {};
  const next = withSession({ ...world, ...answer.now }, session, {
    transaction: { ...open, layer: answer.layer },
    ...remembered,
  });
  const outcome = answer.value === undefined ? 'ok' : `ok ${answer.value}`;
  if (transaction !== null) return { world: next, outcome };
  // without BEGIN it is a transaction of its own, which no COMMIT ends
  const code = commitCode(next, session, false);
  return code === null ? { world: committed(next, session), outcome } : { world, outcome: code };
}

/** Transaction control, as PostgreSQL does it. */
function controlled(world: World, action: Extract<Action, { readonly session: Name }>): Next {
  const { session } = action;
  const { transaction } = world.sessions[session];
  const set = (more: Partial<Transaction>): Next => ({
    world: withSession(world, session, { transaction: { ...(transaction as Transaction), ...more } }),
    outcome: 'ok',
  });
  const aborted = transaction?.state === 'aborted';
  switch (action.do) {
    case 'begin': {
      if (aborted) return { world, outcome: '25P02' };
      if (transaction !== null) return { world, outcome: 'ok' };
      const { isolation } = action;
      const begun: Transaction = { began: world.now, isolation, state: 'active', savepoints: [], layer: nothing };
      return { world: withSession(world, session, { transaction: begun }), outcome: 'ok' };
    }
    case 'savepoint':
      if (transaction === null) return { world, outcome: '25P01' };
      if (aborted) return { world, outcome: '25P02' };
      return set({ savepoints: [...transaction.savepoints, transaction.layer] });
    case 'rollback-to': {
      if (transaction === null) return { world, outcome: '25P01' };
      const layer = transaction.savepoints[action.depth];
      if (layer === undefined) return failed(world, session, '3B001');
      return set({ state: 'active', layer, savepoints: transaction.savepoints.slice(0, action.depth + 1) });
    }
    case 'release-savepoint':
      if (transaction === null) return { world, outcome: '25P01' };
      if (aborted) return { world, outcome: '25P02' };
      if (action.depth >= transaction.savepoints.length) return failed(world, session, '3B001');
      return set({ savepoints: transaction.savepoints.slice(0, action.depth) });
    case 'rollback':
      return { world: ended(world, session), outcome: 'ok' };
    case 'constraints': {
      if (transaction === null) return { world, outcome: 'ok' };
      if (aborted) return { world, outcome: '25P02' };
      if (transaction.layer.entered.length > 0) return failed(world, session, 'commit');
      return set({ layer: { ...transaction.layer, constraints: 'immediate' } });
    }
    case 'commit': {
      const isChained = action.form === 'commit and chain';
      if (transaction === null) return { world, outcome: isChained ? '25P01' : 'ok' };
      const code = aborted ? null : commitCode(world, session, !isChained);
      if (code !== null) return { world: ended(world, session), outcome: code };
      const after = aborted ? ended(world, session) : committed(world, session);
      if (!isChained) return { world: after, outcome: 'ok' };
      const { isolation } = transaction;
      const chained: Transaction = { began: world.now, isolation, state: 'active', savepoints: [], layer: nothing };
      return { world: withSession(after, session, { transaction: chained }), outcome: 'ok' };
    }
    case 'attempt':
    case 'enter':
    case 'leave':
    case 'step':
    case 'batch':
    case 'outside':
    case 'send':
    case 'poll':
    case 'decide':
    case 'clear':
      return aborted ? { world, outcome: '25P02' } : called(world, action);
  }
}

/** What people and the relay hand in. */
function submitted(world: World, { statement: id, by, over }: Extract<Action, { do: 'submit' }>): Next {
  const statement = world.statements[id] as Statement;
  const answer = (outcome: Outcome): Next => ({ world, outcome });
  if (statement.kind === 'ratification') {
    if (statement.registry !== inForce(world, 'registry')) return answer('registry');
    if (statement.policy !== inForce(world, 'policy')) return answer('policy');
  }
  if (!registryOf(world, inForce(world, 'registry')).people.includes(by)) return answer('credential');
  if (over === 'another') return answer('challenge');
  if (statement.kind === 'ratification' && statement.authors.includes(by)) return answer('author');
  const isSigned = world.signatures.some((one) => one.statement === id && one.person === by);
  if (isSigned) return answer('duplicate');
  return {
    world: { ...world, signatures: [...world.signatures, { statement: id, person: by, at: world.now }] },
    outcome: 'ok',
  };
}

/** Who has signed a change and not withdrawn it, by the registry in force. */
export function signersOf(world: World, change: Change): readonly string[] {
  const registry = registryOf(world, inForce(world, 'registry'));
  const withdrew = (person: string): boolean =>
    world.signatures.some((one) => {
      const found = world.statements[one.statement];
      return found?.kind === 'revocation' && found.of === change.id && one.person === person;
    });
  return world.signatures
    .filter(({ statement, person }) => statement === change.id && registry.people.includes(person) && !withdrew(person))
    .map(({ person }) => person);
}

function accepted(world: World, token: string): Next {
  const document = world.documents[token] as Document;
  const { kind } = document;
  const current = inForce(world, kind);
  if (document.kind === 'registry') {
    const { version, previous } = document.registry;
    // the form of a next registry names the one before it
    if (previous === null) return { world, outcome: 'document' };
    if (previous !== current || version !== registryOf(world, current).version + 1) return { world, outcome: 'chain' };
  }
  const policy = policyOf(world, inForce(world, 'policy'));
  const change = Object.values(world.statements).find((one): one is Change => {
    if (one.kind !== kind || one.document !== token) return false;
    if (one.previous !== current || one.number !== world.accepted[kind].length || world.spent.includes(one.id))
      return false;
    if (world.now < one.notBefore || world.now > one.expires || one.expires - one.notBefore > policy.longest)
      return false;
    return fills(policy.quorum, signersOf(world, one));
  });
  if (change === undefined) return { world, outcome: 'quorum' };
  return {
    world: {
      ...world,
      accepted: { ...world.accepted, [kind]: [...world.accepted[kind], token] },
      spent: [...world.spent, change.id],
    },
    outcome: 'ok',
  };
}

/** What the rules say that an action does. */
export function apply(world: World, action: Action): Next {
  const then = (more: Partial<World>): Next => ({ world: { ...world, ...more }, outcome: 'ok' });
  switch (action.do) {
    case 'clock':
      return then({ now: action.to });
    case 'propose':
      return then({ statements: { ...world.statements, [action.statement.id]: action.statement } });
    case 'draft':
      return then({ documents: { ...world.documents, [action.document.token]: action.document } });
    case 'submit':
      return submitted(world, action);
    case 'target':
      return held(world, action.statement) === null
        ? { world, outcome: 'unknown' }
        : then({ targets: [...world.targets, action.statement] });
    case 'release':
      return then({ handedIn: { [action.name]: world.now, ...world.handedIn } });
    case 'accept':
      return accepted(world, action.document);
    case 'rows': {
      const after = changed(world.data, action.effect);
      if (world.data.index.is === 'valid' && (after.rows['p1'] ?? 0) > 1) return { world, outcome: uniqueViolation };
      return then({ data: after });
    }
    case 'index':
      if (action.to === 'another' && world.data.index.is !== 'none') return { world, outcome: duplicateTable };
      return then({ data: withIndex(world.data, action.to) });
    case 'ready':
      return then({ data: { ...world.data, ready: action.rows } });
    case 'definer':
      return then({});
    case 'drift':
      return then({ data: { ...world.data, drift: action.drift } });
    case 'ask': {
      const code = whyClosed(world, { view: viewOf(world, null), id: action.statement, direction: action.direction });
      return { world, outcome: `${code ?? 'open'}, and a tier: ${whyNotEntered(world, action) ?? 'free'}` };
    }
    default:
      return controlled(world, action);
  }
}

/** For the final state: what the application and the gate hold, as text. */
export function summary(world: World): string {
  const view = viewOf(world, null);
  const rows = Object.entries(view.data.rows)
    .filter(([, count]) => count > 0)
    .map(([row, count]) => `${row}:${count}`)
    .sort();
  const steps = view.steps.map(({ cycle, direction, tier }) => `${cycle} ${direction} ${tier}`).sort();
  const markers = view.markers.map(({ cycle, direction, tier }) => `${cycle} ${direction} ${tier}`).sort();
  const sendings = view.sendings
    .map(({ cycle, direction, tier, n, phase }) => `${cycle} ${direction} ${tier} ${n} ${phase}`)
    .sort();
  return JSON.stringify({ rows, table: view.data.table, index: view.data.index.is, steps, markers, sendings });
}
