import { type Problem } from '../../core/index.ts';
import { type Noticed, type SchemaDelta } from '../../fingerprint/index.ts';
import { type TierId } from '../../release/index.ts';
import { type BoundaryResult, type BoundaryState } from '../boundaries/index.ts';
import { type Finalized } from '../comparison/index.ts';
import { type FootprintStart, type SeenLock, type SeenPoint } from '../footprint/index.ts';
import { type Conditions } from '../leftovers/index.ts';
import { type MetricTime, type Notifications, type StepMeasure } from '../tier/index.ts';
import { type Rehearsal } from './rehearsal.ts';

/** What is found once, or said better by a later act: most of it is in the record as it is. */
export interface Found
  extends Required<
      Pick<Rehearsal, 'noticed' | 'leftovers' | 'changes' | 'listing' | 'footprint' | 'stops' | 'touched'>
    >,
    Pick<Rehearsal, 'twin' | 'proof' | 'idempotent' | 'repeatable'> {
  /** What production brings along is not the release's doing. */
  readonly brought: Conditions;
  /** What the forward run did to the schema of the clone. */
  readonly finalized: SchemaDelta | null;
  /** The second clone, after its forward. */
  readonly onTwin: Finalized | null;
  /** The half-way points, as they were in the twin's forward run. */
  readonly halfWay: ReadonlyMap<TierId, BoundaryState>;
  readonly footprintStart: FootprintStart | null;
}

/** What an act saw on clones. Everything but `found` and `metrics` is in the order in which it was seen. */
export interface Seen {
  readonly problems: readonly Problem[];
  readonly steps: readonly StepMeasure[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly took: readonly MetricTime[];
  readonly notifications: readonly Notifications[];
  readonly locks: readonly SeenLock[];
  readonly points: readonly SeenPoint[];
  readonly boundaries: readonly BoundaryResult[];
  /** A tier was not committed: what comes after it on that clone cannot be rehearsed. */
  readonly isStuck: boolean;
  readonly found: Partial<Found>;
}

/** All that was seen by now. */
export interface SeenByNow extends Seen {
  readonly found: Found;
}

/** Before the first act. */
export const unseen: SeenByNow = {
  problems: [],
  steps: [],
  metrics: {},
  took: [],
  notifications: [],
  locks: [],
  points: [],
  boundaries: [],
  isStuck: false,
  found: {
    noticed: [],
    leftovers: [],
    changes: null,
    listing: null,
    footprint: null,
    stops: [],
    touched: [],
    twin: null,
    proof: null,
    idempotent: null,
    repeatable: null,
    brought: { conditions: [], columns: [] },
    finalized: null,
    onTwin: null,
    halfWay: new Map(),
    footprintStart: null,
  },
};

/** What several acts saw, one after the other. */
export function together(...parts: readonly Partial<Seen>[]): Seen {
  return {
    problems: parts.flatMap(({ problems = [] }) => problems),
    steps: parts.flatMap(({ steps = [] }) => steps),
    metrics: Object.assign({}, ...parts.map(({ metrics }) => metrics)) as Seen['metrics'],
    took: parts.flatMap(({ took = [] }) => took),
    notifications: parts.flatMap(({ notifications = [] }) => notifications),
    locks: parts.flatMap(({ locks = [] }) => locks),
    points: parts.flatMap(({ points = [] }) => points),
    boundaries: parts.flatMap(({ boundaries = [] }) => boundaries),
    isStuck: parts.some(({ isStuck }) => isStuck === true),
    found: Object.assign({}, ...parts.map(({ found }) => found)) as Partial<Found>,
  };
}

/** Adds to what was seen by now. */
export function andSeen(byNow: SeenByNow, more: Partial<Seen>): SeenByNow {
  return { ...together(byNow, more), found: { ...byNow.found, ...more.found } };
}

/** Options of the server's that no one knows: what the forward run made may have some that nothing had before; what it dropped had them. */
export function noticedAlso(before: readonly Noticed[], now: readonly Noticed[]): readonly Noticed[] {
  const isSame = (one: Noticed, other: Noticed): boolean => one.kind === other.kind && one.option === other.option;
  return [...before.filter((one) => !now.some((other) => isSame(one, other))), ...now];
}
