import {
  type Data,
  type Direction,
  type Document,
  type Effect,
  type Index,
  people,
  type Policy,
  type Ratification,
  type Registry,
  releases,
  type Statement,
  type Tier,
} from './world.ts';

/** The two sessions of the executor. */
export type Name = 'one' | 'two';

export interface StepRow {
  readonly cycle: string;
  readonly direction: Direction;
  readonly tier: string;
}

export type Marker = StepRow;

interface Entered extends StepRow {
  readonly epoch: number;
}

/** A step that is sent outside of a transaction, and what became of it. */
export interface Sending extends StepRow {
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
export interface Layer {
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

export const nothing: Layer = {
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

export interface Transaction {
  readonly began: number;
  readonly isolation: 'read committed' | 'repeatable read';
  readonly state: 'active' | 'aborted';
  readonly savepoints: readonly Layer[];
  readonly layer: Layer;
}

export interface SessionState {
  readonly transaction: Transaction | null;
  /** What its last attempt was answered: the test remembers it, as a client does. */
  readonly attempt: { readonly cycle: string; readonly direction: Direction; readonly epoch: number } | null;
  readonly link: Link | null;
}

export interface Received {
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
export interface Sent {
  readonly do: 'send' | 'poll' | 'decide' | 'clear';
  readonly session: Name;
  readonly cycle: string;
  readonly epoch: number;
  readonly text: string;
}

export interface Bound extends Entered {
  readonly do: 'enter' | 'leave';
  readonly session: Name;
}

export interface StepCall extends StepRow {
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
export interface View extends Omit<Layer, 'epoch' | 'effects' | 'constraints' | 'link' | 'password'> {
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
export function merged(before: readonly Sending[], after: readonly Sending[]): readonly Sending[] {
  const isSame = (one: Sending): ((other: Sending) => boolean) => {
    const isIt = isOf(one.cycle, one.direction, one.tier);
    return (other) => isIt(other) && other.n === one.n;
  };
  return [...before.filter((one) => !after.some(isSame(one))), ...after];
}

export function changed(data: Data, effect: Effect): Data {
  if ('table' in effect) return effect.table === 'vacuumed' ? data : { ...data, table: effect.table === 'made' };
  if ('index' in effect) {
    if (effect.index === 'rebuilt') return rebuilt(data);
    return withIndex(data, effect.index === 'built' ? built(data) : 'none');
  }
  if ('add' in effect) return { ...data, rows: { ...data.rows, [effect.add]: (data.rows[effect.add] ?? 0) + 1 } };
  return { ...data, rows: { ...data.rows, ...Object.fromEntries(effect.remove.map((row) => [row, 0])) } };
}

export const withIndex = (data: Data, is: Index): Data =>
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

export const isOf =
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

export const marked = (view: View, row: StepRow): boolean =>
  view.markers.some(isOf(row.cycle, row.direction, row.tier));

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

/** The statement of a cycle that is not decided. */
export const undecided = (view: Pick<View, 'sendings'>, cycle: string): Sending | undefined =>
  view.sendings.find((one) => one.cycle === cycle && isUndecided(one));

export const releaseOf = (world: World, cycle: string): string => held(world, cycle)?.release ?? '';

export function stepsOf(name: string, { direction, tier }: Pick<StepRow, 'direction' | 'tier'>): Tier['up'] {
  return tiersOf(name).find(({ id }) => id === tier)?.[direction] ?? [];
}
