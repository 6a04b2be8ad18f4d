import { describe, expect, it } from 'vitest';
import { digest, type Instant } from '../../src/core/index.ts';
import { type Dossier, type ProductionReading, type Weight } from '../../src/dossier/index.ts';
import { type Review } from '../../src/reviews/index.ts';
import { risksOf, riskRules } from '../../src/dossier/risks.ts';
import { type RuleFacts } from '../../src/dossier/risk-rules.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const hash = digest('dossier', ['x']);

type Read = Extract<ProductionReading, { readonly read: true }>;
const read: Read = {
  read: true,
  at,
  schema: 'as rehearsed',
  metrics: [{ name: 'm', title: 't', value: 1, expected: '= 1', holds: true }],
  gates: [{ title: 'g', state: 'open', text: 'm = 1' }],
  blockers: [],
  unseen: null,
  harmless: 'yes',
};
const tier: Dossier['tiers'][number] = {
  id: '1-x',
  title: 'x',
  transaction: 'single',
  barred: null,
  oneWay: null,
  gates: [],
  durationMs: 1,
  up: [],
  down: [],
};
const lock: Dossier['locks'][number] = {
  tier: '1-x',
  relation: 'public.t',
  mode: 'ACCESS EXCLUSIVE',
  blocks: 'reads and writes',
  fromMs: 0,
  heldMs: 1,
};

/** A dossier of which there is nothing to say. */
const quiet: RuleFacts = {
  version: 1,
  writtenAt: at,
  production: true,
  release: { name: 'r', title: 't', summary: '', database: 'd', seal: hash, sealedAt: at },
  target: 'production',
  authors: [{ name: 'ana', kind: 'person', instructedBy: null }],
  back: {
    verdict: 'strict',
    requires: 'strict',
    how: 'compared',
    notProven: [],
    differences: [],
    differenceCount: 0,
    oneWay: [],
    losses: [],
    leftovers: [],
  },
  changes: { objects: [], objectCount: 0, rows: [] },
  time: {
    forwardMs: 1,
    backMs: 1,
    range: { leastMs: 1, mostMs: 1, rehearsals: 1 },
    walBytes: 0,
    rewrites: [],
    caveats: [],
  },
  locks: [],
  now: read,
  outside: { declared: null, dispatch: [], unmeasured: [], varies: [] },
  tiers: [tier],
  options: [],
  reviews: [],
  rehearsal: {
    endedAt: at,
    serverVersion: 180_000,
    digest: hash,
    measuredBy: 'another key',
    golden: { takenAt: at, provider: 'physical', bytes: 1, proofLevel: 'exact', origin: [] },
    problems: [],
  },
  evidence: [],
};

const back = (more: Partial<Dossier['back']>): Partial<RuleFacts> => ({ back: { ...quiet.back, ...more } });
const now = (more: Partial<Read>): Partial<RuleFacts> => ({ now: { ...read, ...more } });
const objects = (...all: NonNullable<Dossier['changes']['objects']>): Partial<RuleFacts> => ({
  changes: { objects: all, objectCount: all.length, rows: [] },
});
const outside = (more: Partial<Dossier['outside']>): Partial<RuleFacts> => ({ outside: { ...quiet.outside, ...more } });
const review = (finding: Review['finding'], from: Review['from'] = 'another key'): Partial<RuleFacts> => ({
  reviews: [{ by: 'eve', key: 'SHA256:e', from, finding, text: 'no', at, entry: 3 }],
});
const dropped = { kind: 'table', name: 'public.t', change: 'dropped', properties: [] } as const;
const loosened = {
  kind: 'column',
  name: 'public.t.c',
  change: 'changed',
  properties: [{ name: 'notNull', before: 'true', after: 'false' }],
} as const;

const stale = (is: 'different' | 'not compared', text: string): Partial<RuleFacts> => ({
  rehearsal: { ...quiet.rehearsal, golden: { ...quiet.rehearsal.golden, production: { is, text } } },
});

const migration = {
  tool: 'dbmate',
  files: [{ is: 'migration' as const, file: 'migrations/1_a.sql', digest: hash }],
  history: '"public"."schema_migrations"',
  row: { version: "'1'" },
};

const cases: readonly (readonly [rule: string, Partial<RuleFacts>, weight: Weight, says: string])[] = [
  ['migrations', { tiers: [tier, { ...tier, migration }] }, 'know', 'compare the SHA-256 of each file'],
  ['notProven', back({ verdict: 'not proven', how: 'never came so far' }), 'stop', 'never came so far'],
  ['drafted', { tiers: [{ ...tier, drafted: true }] }, 'think', '1-x'],
  ['oneWay', back({ oneWay: [{ tier: '2-y', reason: 'gone' }] }), 'stop', '2-y: gone'],
  ['strict', back({ verdict: 'logical', differenceCount: 1, differences: ['position'] }), 'stop', 'position'],
  [
    'strict',
    back({ verdict: 'logical', requires: 'logical', differenceCount: 2, differences: ['position', 'y'] }),
    'think',
    '2 properties differ: position; y',
  ],
  ['rowsNotProven', back({ notProven: [{ relation: 'public.t', reason: 'hidden' }] }), 'think', 'public.t: hidden'],
  [
    'stale',
    stale('different', 'target production differs from the golden copy: index public.i (new)'),
    'think',
    'index public.i',
  ],
  ['stale', stale('not compared', 'no connection'), 'know', 'no connection'],
  ['losses', back({ losses: [{ relation: 'public.t', text: 'edits' }] }), 'think', 'public.t: edits'],
  ['leftovers', back({ leftovers: ['index i: invalid'] }), 'think', 'index i'],
  ['dropped', objects(dropped), 'think', 'table public.t'],
  ['dropped', { ...objects(dropped), ...back({ verdict: 'not proven' }) }, 'stop', 'table public.t'],
  ['backMayFail', objects({ ...dropped, kind: 'constraint', name: 'public.t.k' }), 'think', 'constraint public.t.k'],
  ['backMayFail', objects(loosened), 'think', 'column public.t.c'],
  [
    'histories',
    {
      changes: {
        ...quiet.changes,
        histories: [{ relation: 'public.schema_migrations', tools: ['golang-migrate', 'dbmate'] }],
      },
    },
    'think',
    'public.schema_migrations (golang-migrate or dbmate)',
  ],
  ['unknownChanges', { changes: { objects: null, objectCount: 0, rows: [] } }, 'think', 'rehearse again'],
  ['unknownChanges', { changes: { objects: [], objectCount: 3, rows: [] } }, 'think', '0 of 3'],
  [
    'lost',
    { changes: { ...quiet.changes, lost: ['view public.v (up.sql:1): GRANT SELECT to app'] } },
    'think',
    'GRANT SELECT to app',
  ],
  [
    'emptied',
    { changes: { ...quiet.changes, emptied: ['public.orders: 3 rows (up.sql:1, which does not name it)'] } },
    'think',
    'public.orders: 3 rows',
  ],
  [
    'unmatched',
    { changes: { ...quiet.changes, unmatched: ['up.sql:1 changed no row, although public.t has rows'] } },
    'think',
    'public.t has rows',
  ],
  [
    'behind',
    { changes: { ...quiet.changes, behind: ['sequence public.t_id_seq is behind public.t.id'] } },
    'think',
    'public.t_id_seq',
  ],
  [
    'skipped',
    {
      tiers: [
        {
          ...tier,
          up: [
            {
              n: 1,
              title: 'CREATE TABLE',
              digest: hash,
              sql: 'create table if not exists t ()',
              durationMs: 1,
              rows: null,
              locks: [],
              walBytes: 0,
              rewritten: [],
              notices: ['NOTICE: relation "t" already exists, skipping'],
            },
          ],
        },
      ],
    },
    'think',
    'IF NOT EXISTS found an object with that name',
  ],
  [
    'deleted',
    {
      changes: {
        ...quiet.changes,
        rows: [
          {
            relation: 'public.t',
            up: { inserted: 0, updated: 0, deleted: 7 },
            down: { inserted: 7, updated: 0, deleted: 0 },
          },
        ],
      },
    },
    'think',
    'public.t: 7',
  ],
  ['rewrites', { time: { ...quiet.time, rewrites: [{ relation: 'public.t', bytes: 9 }] } }, 'think', '9 bytes'],
  ['longLocks', { locks: [{ ...lock, heldMs: 1000 }] }, 'stop', 'public.t for 1.0 s'],
  ['longLocks', { locks: [{ ...lock, heldMs: 999 }] }, 'think', 'public.t for 999 ms'],
  ['longLocks', { locks: [{ ...lock, blocks: 'writes', heldMs: 5000 }] }, 'think', 'writes of public.t'],
  ['shortLocks', { locks: [{ ...lock, heldMs: 99 }] }, 'know', 'wait behind it'],
  ['outsideTransaction', { tiers: [{ ...tier, transaction: 'outside' }] }, 'think', '1-x'],
  ['stepByStep', { tiers: [{ ...tier, transaction: 'each' }] }, 'think', '1-x'],
  ['unread', { now: { read: false, why: 'no route' } }, 'stop', 'no route'],
  ['drift', now({ schema: 'changed since the rehearsal' }), 'stop', 'rehearsed'],
  ['drift', now({ schema: 'not compared' }), 'think', 'no comparable digest'],
  ['metrics', now({ metrics: [{ ...read.metrics[0]!, value: 2, holds: false }] }), 'stop', 'm = 2, expected = 1'],
  ['metrics', now({ metrics: [{ ...read.metrics[0]!, value: null, holds: false }] }), 'stop', 'not be measured'],
  ['closedGates', now({ gates: [{ title: 'g', state: 'closed', text: 'm = 0' }] }), 'think', 'g: m = 0'],
  ['blockers', now({ blockers: ['session 7'] }), 'think', 'session 7'],
  ['blockers', now({ unseen: 'others' }), 'know', 'others'],
  ['dispatch', outside({ dispatch: ['dblink was called'] }), 'stop', 'dblink was called'],
  ['dispatch', outside({ dispatch: ['dblink was called'], declared: 'sync' }), 'think', 'sync'],
  ['declaredDispatch', outside({ declared: 'sync' }), 'think', 'sync'],
  ['unmeasured', outside({ unmeasured: ['NOTIFY'] }), 'know', 'NOTIFY'],
  ['varies', outside({ varies: ['public.t.c: declared'] }), 'know', 'public.t.c'],
  ['barred', { tiers: [tier, { ...tier, id: '2-y', barred: 'not yet' }] }, 'know', '2-y: not yet'],
  ['reviews', review('objects'), 'stop', 'eve: no'],
  ['reviews', review('unreadable'), 'stop', 'eve: no'],
  ['reviews', review('comments'), 'know', 'eve: no'],
  ['reviews', review('agrees', 'its author'), 'think', 'no second opinion: eve agrees'],
  ['agents', { authors: [{ name: 'bot', kind: 'agent', instructedBy: 'ana' }] }, 'know', 'instructed by ana'],
  ['agents', { authors: [{ name: 'bot', kind: 'agent', instructedBy: null }] }, 'think', 'bot'],
  ['nobody', { authors: [] }, 'think', 'so an author may ratify'],
  [
    'measuredByAuthor',
    { rehearsal: { ...quiet.rehearsal, measuredBy: 'its author' } },
    'think',
    'no one else has measured',
  ],
  [
    'role',
    { rehearsal: { ...quiet.rehearsal, role: { text: 'postgres (why)', isRollouts: false } } },
    'think',
    'it ran as postgres (why)',
  ],
  ['problems', { rehearsal: { ...quiet.rehearsal, problems: ['BACK_DIFFERS: x'] } }, 'stop', 'BACK_DIFFERS'],
  ['old', { writtenAt: '2026-06-04T08:00:00.001Z' as Instant }, 'think', '1 d 0 h'],
  [
    'copy',
    { rehearsal: { ...quiet.rehearsal, golden: { ...quiet.rehearsal.golden, proofLevel: 'none', origin: [] } } },
    'think',
    'nothing connects',
  ],
  [
    'sampled',
    { rehearsal: { ...quiet.rehearsal, golden: { ...quiet.rehearsal.golden, proofLevel: 'sampled', sampled: true } } },
    'think',
    'lower bounds',
  ],
  ['notProduction', { production: false }, 'know', 'weaker'],
];

describe('the rules of risks', () => {
  it('say nothing where there is nothing to say', () => {
    expect(risksOf(quiet)).toEqual([]);
    const harmless: Partial<RuleFacts> = {
      ...objects({ ...dropped, change: 'made' }, { ...loosened, properties: [] }),
      tiers: [tier, { ...tier, transaction: 'each', barred: 'no' }],
      locks: [{ ...lock, blocks: 'schema changes', heldMs: 60_000 }],
      writtenAt: '2026-06-04T08:00:00.000Z' as Instant,
      ...review('agrees'),
    };
    expect(risksOf({ ...quiet, ...harmless }).map(({ title }) => title)).toEqual([
      '1 tier barred: not rolled out by this release',
    ]);
  });

  it.each(cases)('%s: what there is to say, it says (%#)', (rule, facts, weight, says) => {
    const found = riskRules[rule]?.says({ ...quiet, ...facts }) ?? [];
    expect(found).toMatchObject([{ weight, text: expect.stringContaining(says) }]);
    expect(risksOf({ ...quiet, ...facts })).toContainEqual({ ...found[0], part: riskRules[rule]?.part });
  });

  it('are each caused by a case', () => {
    expect(Object.keys(riskRules).filter((name) => cases.every(([rule]) => rule !== name))).toEqual([]);
  });

  it('put the heaviest first, and name a few of many', () => {
    const names = [...'abcdefg'];
    const many = back({ leftovers: names, oneWay: [{ tier: '1-x', reason: 'gone' }] });
    const risks = risksOf({ ...quiet, production: false, ...many });
    expect(risks.map(({ weight }) => weight)).toEqual(['stop', 'think', 'know']);
    expect(risks[1]?.text).toBe('a; b; c; d; e; and 2 more');
  });
});
