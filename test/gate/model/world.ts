/** The things that the rules of docs/RULES.md speak of, as plain values. Written from that document alone. */

export type Direction = 'up' | 'down';

/** What a step does to the application's rows: of one table, or of the one table that a release makes. */
export type Effect =
  | { readonly add: string }
  | { readonly remove: readonly string[] }
  | { readonly table: 'made' | 'dropped' }
  | { readonly index: 'built' | 'dropped' | 'rebuilt' }
  /** VACUUM: no one sees it. */
  | { readonly table: 'vacuumed' };

/** The unique index of release `apart`: what a build that failed leaves is invalid, and another one of its name is not unique. */
export type Index = 'none' | 'valid' | 'invalid' | 'another';

export interface Step {
  readonly sql: string;
  readonly effect: Effect;
}

export interface Tier {
  readonly id: string;
  readonly transaction: 'single' | 'each' | 'outside';
  /** Null: the tier is one-way. */
  readonly down: readonly Step[] | null;
  readonly up: readonly Step[];
  /** The least number of rows of readiness. */
  readonly ready: number;
  /** The row that its check finds, or null where it has no check. */
  readonly offence: string | null;
}

export interface Release {
  readonly name: string;
  /** Barred tiers are no tiers. */
  readonly tiers: readonly Tier[];
  readonly invariants: (data: Data) => Readonly<Record<'always' | 'greenfield' | 'finalized', boolean>>;
}

/** Rows by what they are, the table that release `small` makes, the index of release `apart` with a number of its own, drift, and the rows of readiness. */
export interface Data {
  readonly rows: Readonly<Record<string, number>>;
  readonly table: boolean;
  readonly index: { readonly is: Index; readonly made: number };
  /** Whether somebody has made a table that no release makes. */
  readonly drift: boolean;
  readonly ready: number;
}

export interface Seat {
  readonly level: number;
  readonly device: 'any' | 'bound';
}

export interface Policy {
  readonly seats: readonly Seat[];
  readonly oneWaySeats: readonly Seat[];
  readonly holdPoints: readonly { readonly before: string; readonly seats: readonly Seat[] }[];
  readonly quorum: readonly Seat[];
  /** Milliseconds. */
  readonly longest: number;
  readonly review: number;
  readonly rollback: number;
  readonly maxAge: number;
}

/** A registry, as far as the rules ask: who is in it. */
export interface Registry {
  readonly version: number;
  /** The token of the document before it. */
  readonly previous: string | null;
  readonly people: readonly string[];
}

/** A document by its token: two of the same text have the same token. */
export type Document =
  | { readonly kind: 'policy'; readonly token: string; readonly policy: Policy }
  | { readonly kind: 'registry'; readonly token: string; readonly registry: Registry };

export type Opens =
  | { readonly what: 'rollout' }
  | { readonly what: 'tier'; readonly tier: string; readonly cycle: string }
  | { readonly what: 'rollback'; readonly cycle: string };

interface Window {
  readonly notBefore: number;
  readonly expires: number;
}

/** What people sign, by an id of the test's own. Times are milliseconds of the gate's clock. */
export type Statement = Ratification | Word | Change;

export interface Ratification extends Window {
  readonly id: string;
  readonly kind: 'ratification';
  readonly release: string;
  readonly opens: Opens;
  readonly registry: string;
  readonly policy: string;
  readonly authors: readonly string[];
  readonly rehearsedAt: number;
  readonly sealedAt: number;
  readonly evidence: 'rehearsal' | 'verification';
  /** The schema in its descriptor. */
  readonly schema: string;
}

/** Against another statement. */
export interface Word {
  readonly id: string;
  readonly kind: 'revocation' | 'decline';
  readonly of: string;
}

export interface Change extends Window {
  readonly id: string;
  readonly kind: 'registry' | 'policy';
  readonly document: string;
  readonly previous: string;
  readonly number: number;
}

/** Everybody: only who is in a registry counts. */
export const people: Readonly<Record<string, { readonly level: number; readonly device: 'bound' | 'synced' }>> = {
  ana: { level: 4, device: 'bound' },
  ben: { level: 2, device: 'synced' },
  ira: { level: 4, device: 'bound' },
  eva: { level: 4, device: 'bound' },
  cleo: { level: 2, device: 'bound' },
};

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const strict: Policy = {
  seats: [
    { level: 2, device: 'any' },
    { level: 4, device: 'bound' },
  ],
  oneWaySeats: [{ level: 4, device: 'any' }],
  holdPoints: [{ before: '2-each', seats: [{ level: 2, device: 'any' }] }],
  quorum: [
    { level: 4, device: 'any' },
    { level: 2, device: 'any' },
  ],
  longest: 24 * hour,
  review: minute,
  rollback: hour,
  maxAge: 12 * hour,
};

/** The policies that come into force, by their tokens; the first is pinned. */
export const policies: Readonly<Record<string, Policy>> = {
  strict,
  short: {
    ...strict,
    seats: [{ level: 4, device: 'bound' }],
    oneWaySeats: [],
    holdPoints: [],
    quorum: [{ level: 4, device: 'any' }],
    longest: 2 * hour,
    rollback: 10 * minute,
    maxAge: hour,
  },
  held: {
    ...strict,
    seats: [{ level: 2, device: 'bound' }],
    holdPoints: [
      { before: '1-rows', seats: [{ level: 2, device: 'any' }] },
      { before: '3-last', seats: [{ level: 2, device: 'any' }] },
      {
        before: '2-way',
        seats: [
          { level: 4, device: 'bound' },
          { level: 2, device: 'any' },
        ],
      },
    ],
    review: 5 * minute,
  },
};

const add = (row: string): Effect => ({ add: row });
const count = (data: Data, ...rows: readonly string[]): number =>
  rows.reduce((sum, row) => sum + (data.rows[row] ?? 0), 0);
const all = (data: Data): number => count(data, 't1', 't2', 't3', 't4', 't5', 't9', 'null');

/** The releases: three tiers with a data gate; two tiers of which the last is one-way; and a tier outside of a transaction before another one. */
export const releases: Readonly<Record<string, Release>> = {
  small: {
    name: 'small',
    tiers: [
      {
        id: '1-rows',
        transaction: 'single',
        up: [
          { sql: 'insert into t values (2)', effect: add('t2') },
          { sql: 'insert into t values (3)', effect: add('t3') },
        ],
        down: [{ sql: 'delete from t where i in (2, 3)', effect: { remove: ['t2', 't3'] } }],
        ready: 0,
        offence: 'null',
      },
      {
        id: '2-each',
        transaction: 'each',
        up: [
          { sql: 'create table n (i integer)', effect: { table: 'made' } },
          { sql: 'insert into t values (4)', effect: add('t4') },
        ],
        down: [
          { sql: 'delete from t where i = 4', effect: { remove: ['t4'] } },
          { sql: 'drop table if exists n', effect: { table: 'dropped' } },
        ],
        ready: 1,
        offence: null,
      },
      {
        id: '3-last',
        transaction: 'single',
        up: [{ sql: 'insert into t values (5)', effect: add('t5') }],
        down: [{ sql: 'delete from t where i = 5', effect: { remove: ['t5'] } }],
        ready: 0,
        offence: null,
      },
    ],
    invariants: (data) => ({
      always: all(data) <= 7,
      greenfield: all(data) === 1 && !data.table,
      finalized: all(data) === 5 && data.table,
    }),
  },
  way: {
    name: 'way',
    tiers: [
      {
        id: '1-one',
        transaction: 'single',
        up: [{ sql: 'insert into o values (1)', effect: add('o1') }],
        down: [{ sql: 'delete from o where i = 1', effect: { remove: ['o1'] } }],
        ready: 0,
        offence: null,
      },
      {
        id: '2-way',
        transaction: 'each',
        up: [
          { sql: 'insert into o values (2)', effect: add('o2') },
          { sql: 'insert into o values (3)', effect: add('o3') },
        ],
        down: null,
        ready: 0,
        offence: null,
      },
    ],
    invariants: (data) => {
      const rows = count(data, 'o1', 'o2', 'o3');
      return { always: true, greenfield: rows === 0, finalized: rows === 3 };
    },
  },
  apart: {
    name: 'apart',
    tiers: [
      {
        id: '1-index',
        transaction: 'outside',
        up: [
          { sql: 'create unique index concurrently pi on p (i)', effect: { index: 'built' } },
          { sql: 'vacuum p', effect: { table: 'vacuumed' } },
          { sql: 'reindex index concurrently pi', effect: { index: 'rebuilt' } },
        ],
        down: [{ sql: 'drop index concurrently if exists pi', effect: { index: 'dropped' } }],
        ready: 0,
        offence: null,
      },
      {
        id: '2-after',
        transaction: 'single',
        up: [{ sql: 'insert into q values (1)', effect: add('q1') }],
        down: [{ sql: 'delete from q where i = 1', effect: { remove: ['q1'] } }],
        ready: 0,
        offence: null,
      },
    ],
    invariants: (data) => {
      const rows = count(data, 'q1');
      return { always: true, greenfield: rows === 0, finalized: rows === 1 };
    },
  },
};

const files = (release: Release): Record<string, string> =>
  Object.fromEntries(
    release.tiers.flatMap(({ id, up, down, offence }) => [
      [`tiers/${id}/up.sql`, up.map(({ sql }) => `${sql};\n`).join('')],
      ...(down === null ? [] : [[`tiers/${id}/down.sql`, down.map(({ sql }) => `${sql};\n`).join('')]]),
      ...(offence === null ? [] : [[`tiers/${id}/check.sql`, 'select i from t where i is null;\n']]),
    ]),
  );

/** The files of the releases, as authors write them. */
export const releaseFiles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  small: {
    'release.yaml': `format: 1
name: small
title: Small
database: shop
touches: [public.t, public.n, public.never]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
metrics:
  rows: rows of t
  ready: rows of readiness
  tables: tables that the release makes
invariants:
  greenfield: { rows: 1, tables: 0 }
  finalized: { rows: 5, tables: 1 }
  always: { rows: { atMost: 7 } }
tiers:
  - { id: 1-rows, title: Rows }
  - { id: 2-each, title: Each, transaction: each }
  - { id: 3-last, title: Last }
  - { id: 4-barred, title: Barred, barred: not yet }
gates:
  - { id: ready, title: Ready, metric: ready, atLeast: 1, before: 2-each }
`,
    ...files(releases['small'] as Release),
    'tiers/4-barred/up.sql': 'create table never (i integer);\n',
    'tiers/4-barred/down.sql': 'drop table if exists never;\n',
    'metrics/rows.sql': 'select count(*) from t\n',
    'metrics/ready.sql': 'select count(*) from readiness\n',
    'metrics/tables.sql': "select count(*) from pg_catalog.pg_tables where tablename = 'n'\n",
  },
  way: {
    'release.yaml': `format: 1
name: way
title: Way
database: shop
touches: [public.o]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
metrics:
  others: rows of o
invariants:
  greenfield: { others: 0 }
  finalized: { others: 3 }
tiers:
  - { id: 1-one, title: One }
  - { id: 2-way, title: Way, transaction: each, oneWay: nothing to undo }
`,
    ...files(releases['way'] as Release),
    'metrics/others.sql': 'select count(*) from o\n',
  },
  apart: {
    'release.yaml': `format: 1
name: apart
title: Apart
database: shop
touches: [public.p, public.q]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
metrics:
  more: rows of q
invariants:
  greenfield: { more: 0 }
  finalized: { more: 1 }
tiers:
  - { id: 1-index, title: Index, transaction: outside }
  - { id: 2-after, title: After }
`,
    ...files(releases['apart'] as Release),
    'metrics/more.sql': 'select count(*) from q\n',
  },
};
