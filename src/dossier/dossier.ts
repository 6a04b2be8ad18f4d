import { type Digest, type Instant } from '../core/index.ts';

/** What every page and text says where the policy is not for production. */
export const notForProduction = 'NOT FOR PRODUCTION';

/** How much a person should think about a fact before they ratify. */
export type Weight = 'stop' | 'think' | 'know';

/** One thing that can go wrong, or that cannot be undone, from measured facts; the heaviest first. */
export interface Risk {
  readonly weight: Weight;
  readonly title: string;
  readonly text: string;
  /** The part of the dossier that says more. */
  readonly part: Part;
}

/** The parts of a dossier, in order; also the anchors of its page. */
export const parts = [
  'risks',
  'back',
  'changes',
  'time',
  'locks',
  'production',
  'outside',
  'statements',
  'options',
  'people',
  'evidence',
] as const;
export type Part = (typeof parts)[number];

/** An object of the schema that the forward made, changed or took away. */
export interface ObjectChange {
  readonly kind: string;
  readonly name: string;
  readonly change: 'made' | 'changed' | 'dropped';
  /** For a changed one: which property, before and after, shortened. */
  readonly properties: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

/** Rows of one relation that the forward wrote, and the way back. */
export interface RowChange {
  readonly relation: string;
  readonly up: { readonly inserted: number; readonly updated: number; readonly deleted: number };
  readonly down: { readonly inserted: number; readonly updated: number; readonly deleted: number };
}

/** A lock on a relation that was there before, from the begin of its tier. Milliseconds. Those of plain reading are left out. */
export interface LockSpan {
  readonly tier: string;
  readonly relation: string;
  readonly mode: string;
  /** Whose work waits behind it. */
  readonly blocks: 'reads and writes' | 'writes' | 'schema changes';
  readonly fromMs: number;
  readonly heldMs: number;
}

/** What users lose of what they wrote after the rollout, when it is rolled back. */
export interface Loss {
  readonly relation: string;
  readonly text: string;
}

/** One statement of a tier with what it did on the clone; the measures are null where it was not reached. */
export interface StatementFacts {
  readonly n: number;
  readonly title: string;
  readonly digest: Digest;
  readonly sql: string;
  readonly durationMs: number | null;
  readonly rows: number | null;
  readonly locks: readonly string[];
  readonly walBytes: number | null;
  readonly rewritten: readonly string[];
  readonly notices: readonly string[];
}

/** One tier of the release. */
export interface TierFacts {
  readonly id: string;
  readonly title: string;
  readonly transaction: 'single' | 'each';
  readonly barred: string | null;
  readonly oneWay: string | null;
  /** The data gates that stand before it. */
  readonly gates: readonly string[];
  readonly durationMs: number | null;
  readonly up: readonly StatementFacts[];
  readonly down: readonly StatementFacts[];
}

/** Production as it was when the dossier was written, read-only. */
export type Production =
  | { readonly read: false; readonly why: string }
  | {
      readonly read: true;
      readonly at: Instant;
      /** Against the state that was rehearsed. */
      readonly schema: 'as rehearsed' | 'changed since the rehearsal' | 'not compared';
      readonly metrics: readonly {
        readonly name: string;
        readonly title: string;
        readonly value: number | null;
        /** In words, e.g. `= 0`; null: nothing is expected of it. */
        readonly expected: string | null;
        readonly holds: boolean | null;
      }[];
      readonly gates: readonly { readonly title: string; readonly state: 'open' | 'closed'; readonly text: string }[];
      /** Who would make the rollout wait. */
      readonly blockers: readonly string[];
      /** What of them our role cannot see; null: it sees all. */
      readonly unseen: string | null;
      /** That looking changed nothing. */
      readonly harmless: string;
    };

/** Everything that an approver is shown, as data. Its text (`dossierText`) is hashed into what is signed. */
export interface Dossier {
  readonly version: 1;
  readonly writtenAt: Instant;
  /** Whether the policy is for production. */
  readonly production: boolean;
  readonly release: {
    readonly name: string;
    readonly title: string;
    readonly summary: string;
    readonly database: string;
    readonly seal: Digest;
    readonly sealedAt: Instant;
  };
  readonly target: string;
  readonly authors: readonly {
    readonly name: string;
    readonly kind: 'agent' | 'person';
    readonly instructedBy: string | null;
  }[];
  readonly risks: readonly Risk[];
  readonly back: {
    readonly verdict: 'strict' | 'logical' | 'not proven';
    readonly requires: 'strict' | 'logical';
    /** How it was proven, in one sentence. */
    readonly how: string;
    readonly notProven: readonly { readonly relation: string; readonly reason: string }[];
    /** What is not as it was before, after the way back: the first of them, and how many there are. */
    readonly differences: readonly string[];
    readonly differenceCount: number;
    readonly oneWay: readonly { readonly tier: string; readonly reason: string }[];
    readonly losses: readonly Loss[];
    readonly leftovers: readonly string[];
  };
  readonly changes: {
    /** Null: the rehearsal did not record them. The first of them: dropped, then changed, then made; `objectCount` counts all. */
    readonly objects: readonly ObjectChange[] | null;
    readonly objectCount: number;
    readonly rows: readonly RowChange[];
  };
  readonly time: {
    readonly forwardMs: number;
    readonly backMs: number | null;
    /** Over all rehearsals of this seal that passed. */
    readonly range: { readonly leastMs: number; readonly mostMs: number; readonly rehearsals: number };
    readonly walBytes: number;
    readonly rewrites: readonly { readonly relation: string; readonly bytes: number | null }[];
    /** What the measured times do not say, e.g. that a copy has no bloat. */
    readonly caveats: readonly string[];
  };
  readonly locks: readonly LockSpan[];
  readonly now: Production;
  /** What left the database, and what depends on more than its content. */
  readonly outside: {
    /** Why the release says that it reaches out; null: it says that it does not. */
    readonly declared: string | null;
    readonly dispatch: readonly string[];
    /** What could not be measured of it. */
    readonly unmeasured: readonly string[];
    /** Columns that the release declares to differ between two forwards, and what differed besides. */
    readonly varies: readonly string[];
  };
  readonly tiers: readonly TierFacts[];
  readonly options: readonly {
    readonly id: string;
    readonly title: string;
    readonly decision: string;
    readonly reason: string;
    readonly trial: string;
  }[];
  readonly reviews: readonly { readonly by: string; readonly finding: string; readonly text: string }[];
  readonly rehearsal: {
    readonly endedAt: Instant;
    readonly serverVersion: number;
    readonly digest: Digest;
    /** What it was run on a copy of. */
    readonly golden: {
      readonly takenAt: Instant;
      readonly provider: string;
      readonly bytes: number;
      /** How well it is known that it equals production. */
      readonly proofLevel: string;
    };
    /** Its own, and later rehearsals of this seal that failed or are not readable. */
    readonly problems: readonly string[];
  };
  readonly evidence: readonly { readonly kind: string; readonly digest: Digest; readonly recordedAt: Instant }[];
}
