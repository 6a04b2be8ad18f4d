import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { statementDigest } from '../../src/evidence/index.ts';
import { type CycleRows, type GateRows, readRefusal } from '../../src/gate/index.ts';
import { type KnownEvidence } from '../../src/evidence-kinds/index.ts';
import { type MetricName, type SealedRelease, type TierId } from '../../src/release/index.ts';
import { buildReport, explain, type Report, toHtml, toMarkdown, toSummary } from '../../src/report/index.ts';
import { undoneBy } from '../../src/report/report-rows.ts';
import {
  back,
  evidenceOf,
  forward,
  type Piece,
  prepared,
  ratified,
  revoked,
  said,
  sealed as told,
  transaction,
  whole,
} from '../bundle/whole-bundle.ts';
import { keys, time } from '../gate/people.ts';
import { asked } from '../rollout/checked.ts';

const usable = ['1-structure', '2-owners', '3-ownership'];
const noon = time('3T10:30');
const policy = { rehearsalMaxAge: (7 * 86_400_000) as Milliseconds, gateMaxAge: 3_600_000 as Milliseconds };
const metric = (name: string) => name as MetricName;
/** The release of the story, with something to measure; its seal is taken as it is. */
const sealed: SealedRelease = {
  ...told,
  release: {
    ...told.release,
    // one tier runs step by step, so that a part of it can be committed
    tiers: told.release.tiers.map((tier) => (tier.id === '2-owners' ? { ...tier, transaction: 'each' } : tier)),
    invariants: {
      greenfield: { [metric('owned')]: { equals: 0 } },
      finalized: { [metric('owned')]: { equals: 7 } },
      always: { [metric('rows')]: { atLeast: 1 } },
    },
    gates: [
      {
        id: 'g',
        title: 'Approved',
        metric: metric('ospa'),
        expectation: { atLeast: 1 },
        before: '2-owners' as TierId,
      },
    ],
  },
};

const marker = (tier: string, direction: 'up' | 'down' = 'up') => ({
  direction,
  tier,
  epoch: 1,
  steps: 1,
  schemaAfter: `after ${tier} ${direction}`,
});
const cycle: CycleRows = {
  statement: statementDigest(whole),
  seal: sealed.seal,
  opens: { what: 'rollout' },
  persons: ['ana', 'ben'],
  closed: { up: null, down: null },
  next: { up: null, down: '3-ownership' },
  done: usable.map((tier) => marker(tier)),
  steps: usable.map((tier) => ({ direction: 'up', tier, n: 1 })),
};

/** All that a report is built from; a change takes one fact away. */
interface World {
  readonly now: Instant;
  readonly before: readonly Piece[];
  readonly look: Record<string, unknown>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: GateRows | undefined;
  readonly cycle: CycleRows;
  readonly after: readonly Piece[];
}
const sound: World = {
  now: noon,
  before: [...prepared, ...ratified, ...forward],
  look: {},
  metrics: { owned: 7, rows: 3, ospa: 1 },
  rows: { state: 'read', schema: 'after 3-ownership up', cycles: [] },
  cycle,
  after: [],
};
type Change = (world: World) => World;

function piecesOf({ before, look, metrics, rows, cycle: one, after, now }: World): readonly Piece[] {
  const baseline = { takenAt: now, metrics, schemaDigest: 'x' };
  const body = {
    version: 1,
    release: sealed.release.name,
    seal: sealed.seal,
    identity: null,
    harmless: null,
    target: 'production',
    verdict: { decision: 'OPEN' },
    entry: baseline,
    exit: baseline,
    rows:
      rows?.state === 'read'
        ? { ...rows, cycles: [asked(one, { ...sealed, metrics, drifted: rows.schema === 'other' })] }
        : rows,
    changedMeanwhile: [],
    readAt: noon,
    ...look,
  };
  return [...before, { kind: 'gate', at: noon, body }, ...after];
}

function reportOf(world: World): Report {
  const evidence: readonly KnownEvidence[] = evidenceOf(piecesOf(world));
  return buildReport({ release: sealed, target: 'production', evidence, policy, now: world.now, hrefOf: () => '' });
}

const rowsOf =
  (change: Partial<CycleRows>): Change =>
  (world) => ({ ...world, cycle: { ...world.cycle, ...change } });
const lookOf =
  (change: Record<string, unknown>): Change =>
  (world) => ({ ...world, look: { ...world.look, ...change } });
const recorded =
  (...pieces: readonly Piece[]): Change =>
  (world) => ({ ...world, before: [...world.before, ...pieces] });

/** Each fact that DONE rests on, taken away. */
const missing: Readonly<Record<string, Change>> = {
  'the look has no rows': (world) => ({ ...world, rows: undefined }),
  'the gate could not be asked': (world) => ({ ...world, rows: { state: 'unread', why: 'no route' } }),
  'nobody has ratified': rowsOf({ seal: `sha256:${'0'.repeat(64)}` }),
  'only a hold point is ratified': rowsOf({
    opens: { what: 'tier', tier: '2-owners', cycle: `sha256:${'0'.repeat(64)}` as never },
  }),
  'no tier is done': rowsOf({ done: [], steps: [], next: { up: '1-structure', down: null } }),
  ...Object.fromEntries(
    usable.map((tier): [string, Change] => [
      `the marker of ${tier} is missing`,
      (world) => rowsOf({ done: world.cycle.done.filter((one) => one.tier !== tier) })(world),
    ]),
  ),
  'the last tier is rolled back': (world) =>
    rowsOf({ done: [...world.cycle.done, marker('3-ownership', 'down')] })(world),
  'a step back was committed': (world) =>
    rowsOf({ steps: [...world.cycle.steps, { direction: 'down', tier: '3-ownership', n: 1 }] })(world),
  'the barred tier was rolled out': (world) => rowsOf({ done: [...world.cycle.done, marker('4-later')] })(world),
  'a marker is of no tier of the release': (world) => rowsOf({ done: [...world.cycle.done, marker('9-other')] })(world),
  'the schema has drifted': (world) =>
    world.rows?.state === 'read' ? { ...world, rows: { ...world.rows, schema: 'other' } } : world,
  'a person has revoked it': rowsOf({ closed: { up: readRefusal('revoked: a person has revoked it'), down: null } }),
  'the database is another one': rowsOf({ closed: { up: readRefusal('target: for another database'), down: null } }),
  'an invariant of finalized is broken': (world) => ({ ...world, metrics: { ...world.metrics, owned: 6 } }),
  'an invariant of always is broken': (world) => ({ ...world, metrics: { ...world.metrics, rows: 0 } }),
  'a metric was not measured': (world) => ({ ...world, metrics: { rows: 3, ospa: 1 } }),
  'production was not measured': lookOf({ entry: null, exit: null }),
  'the look cannot be read': lookOf({ verdict: { decision: 'PERHAPS' } }),
  'the look speaks of another seal': lookOf({ seal: `sha256:${'0'.repeat(64)}` }),
  'the look is stale': (world) => ({ ...world, now: time('3T12:00') }),
  'the look is from before the last tier, by its clock': lookOf({ readAt: time('3T10:01') }),
  'the look is from before the last tier, by the log': (world) => ({
    ...world,
    before: world.before.slice(0, -1),
    after: world.before.slice(-1),
  }),
  'the rollback has begun since': (world) => ({ ...world, after: transaction('down', '3-ownership', noon) }),
  'the outcome of the rollback is not on record': recorded(
    ...transaction('down', '3-ownership', time('3T10:10')).slice(0, 1),
  ),
  'the record says rolled back, and the rows do not': recorded(...transaction('down', '3-ownership', time('3T10:10'))),
  'the record of the rollout cannot be read': recorded({ kind: 'execution', at: time('3T10:10'), body: {} }),
  'what people signed was altered': (world) => ({
    ...world,
    before: world.before.map((piece) => {
      if (piece !== ratified[1]) return piece;
      const { statement, ...rest } = piece.body as { statement: { signatures: readonly object[] } };
      const signatures = statement.signatures.map((one) => ({ ...one, signature: 'AAAA' }));
      return { ...piece, body: { ...rest, statement: { ...statement, signatures } } };
    }),
  }),
  'a revocation is on record, and another registry hides it in the rows': (world) =>
    rowsOf({
      closed: {
        up: readRefusal('registry: the ratification names another registry than the one in force'),
        down: null,
      },
    })(recorded(said('revocation', revoked, { by: [keys.dan], at: time('3T10:20') }))(world)),
};

/** What may be otherwise where a release is done. */
const harmless: Readonly<Record<string, Change>> = {
  'the ratification is over': rowsOf({ closed: { up: readRefusal('expired: its time has ended'), down: null } }),
  'the rehearsal is too old to begin': rowsOf({
    closed: { up: readRefusal('rehearsal-age: the rehearsal is too old'), down: null },
  }),
  'another registry is active': rowsOf({
    closed: { up: readRefusal('registry: the ratification names another registry than the one in force'), down: null },
  }),
  'another policy is active': rowsOf({
    closed: { up: readRefusal('policy: the ratification names another policy than the one in force'), down: null },
  }),
  'what the data gate counted is used up': (world) => ({
    ...lookOf({
      verdict: {
        decision: 'BLOCKED',
        reasons: [
          {
            kind: 'data-gate',
            gate: 'g',
            title: 'Approved',
            metric: 'ospa',
            measured: 0,
            required: '≥ 1',
            before: '2-owners',
          },
        ],
      },
    })(world),
    metrics: { ...world.metrics, ospa: 0 },
  }),
  'the rollout was recorded in another log': (world) => ({
    ...world,
    before: world.before.filter(({ kind }) => kind !== 'execution'),
  }),
  'the outcome of the last tier is not on record': (world) => ({ ...world, before: world.before.slice(0, -1) }),
  'the rehearsal is not on record': (world) => ({
    ...world,
    before: world.before.filter(({ kind }) => kind !== 'rehearsal'),
  }),
};

const long = { timeout: 120_000 };

describe('a release that is rolled out completely', () => {
  it('is DONE, and says so in every form, without a permission', () => {
    const report = reportOf(sound);
    expect(report.execution).toEqual({
      status: 'DONE',
      reasons: [
        `every tier that may run is rolled out on production (${usable.join(', ')}); schema and invariants hold`,
      ],
    });
    expect(report).toMatchObject({ rolledOut: true, blockers: [] });
    expect(report.components.find(({ id }) => id === 'activation')).toMatchObject({ status: 'DONE' });
    expect(report.tiers.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'barred']);
    expect(report.tiers[1]?.gates).toEqual([{ title: 'Approved', state: 'open' }]);
    expect(toMarkdown(report)).toContain('**EXECUTION on production: DONE**: every tier');
    expect(toMarkdown(report)).toContain('- 2-owners: done');
    expect(toSummary([report], null)).toContain('execution ✅ DONE');
    expect(toHtml(report)).toContain('<span class="big go">DONE</span>');
    expect(toHtml(report)).toContain('3 of 4 tiers done');
  });

  it.each(Object.entries(missing))('is not DONE where %s, and not GO either', long, (_case, change) => {
    const { execution, blockers } = reportOf(change(sound));
    expect(execution.status).toBe('NO-GO');
    expect(execution.reasons.length).toBeGreaterThan(0);
    expect(blockers.length).toBeGreaterThan(0);
  });

  it.each(Object.entries(harmless))('is DONE also where %s', long, (_case, change) => {
    expect(reportOf(change(sound)).execution).toMatchObject({ status: 'DONE' });
  });

  it('is DONE exactly where none of these facts is missing, whatever else is so', long, () => {
    const some = (of: Readonly<Record<string, Change>>) => fc.subarray(Object.values(of), { maxLength: 3 });
    // where no rollout is on record here, a look cannot be older than one
    const { 'the rollout was recorded in another log': _, ...others } = harmless;
    fc.assert(
      fc.property(some(others), some(missing), (changes, gone) => {
        const world = [...changes, ...gone].reduce((one, change) => change(one), sound);
        expect(reportOf(world).execution.status === 'DONE').toBe(gone.length === 0);
      }),
      { numRuns: 40 },
    );
  });

  it('is not done where the gate did not measure, and nothing else did', () => {
    const seen = (measured: boolean) => {
      const rows = { state: 'read', cycles: [asked(cycle, { release: told.release, measured })] } as const;
      return undoneBy({ rows }, told).map(explain);
    };
    expect(seen(true)).toEqual([]);
    expect(seen(false)).toEqual(['data gates and invariants were not measured']);
    expect(undoneBy({ rows: { state: 'read', cycles: [cycle] } }, told).map(explain)).toEqual([
      'the gate was not asked about a rollout',
    ]);
  });

  it('is what it was before once it is rolled back: blocked, or ready under another ratification', () => {
    const all = reportOf({ ...sound, after: back });
    expect(all.execution).toMatchObject({ status: 'NO-GO' });
    expect(all).toMatchObject({ rolledOut: false });
    expect(all.execution.reasons.join()).toContain('the last rollout was rolled back');
    expect(all.tiers.map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown', 'barred']);
    const seen = [...usable, ...usable.toReversed()].map((tier, n) => marker(tier, n < 3 ? 'up' : 'down'));
    const known = reportOf({
      ...sound,
      before: [...sound.before, ...back.slice(1)],
      look: { readAt: time('3T12:30') },
      now: time('3T12:30'),
      cycle: { ...cycle, done: seen, next: { up: null, down: null } },
    });
    expect(known.execution.status).toBe('NO-GO');
    expect(known.tiers.map(({ state }) => state)).toEqual(['back', 'back', 'back', 'barred']);
  });
});

describe('the line of tiers of a report', () => {
  const begin: World['metrics'] = { ...sound.metrics, owned: 0 };
  const statesOf = (change: Partial<CycleRows>, metrics = begin): readonly string[] => {
    const before = [...prepared, ...ratified];
    const decision =
      metrics['ospa'] === 0 ? (harmless['what the data gate counted is used up']?.(sound).look ?? {}) : {};
    return reportOf({ ...sound, before, metrics, look: decision, cycle: { ...cycle, ...change } }).tiers.map(
      ({ state }) => state,
    );
  };

  it('says of each tier by the rows of the gate whether it is done, running, open or closed', () => {
    const none = { done: [], steps: [], next: { up: '1-structure', down: null } };
    expect(statesOf(none)).toEqual(['open', 'closed', 'closed', 'barred']);
    expect(statesOf({ ...none, closed: { up: readRefusal('expired: its time has ended'), down: null } })[0]).toBe(
      'closed',
    );
    const half = { done: [marker('1-structure')], steps: [], next: { up: '2-owners', down: '1-structure' } };
    expect(statesOf(half)).toEqual(['done', 'open', 'closed', 'barred']);
    expect(statesOf(half, { ...begin, ospa: 0 })).toEqual(['done', 'closed', 'closed', 'barred']);
    const begun = { ...half, steps: [{ direction: 'up' as const, tier: '2-owners', n: 1 }] };
    expect(statesOf(begun)).toEqual(['done', 'running', 'closed', 'barred']);
  });

  it('says unknown where the rows were not read, are out of date, or contradict the release', () => {
    const unknown = ['unknown', 'unknown', 'unknown', 'barred'];
    for (const name of [
      'the look has no rows',
      'the gate could not be asked',
      'the rollback has begun since',
      'the look is stale',
      'a marker is of no tier of the release',
    ])
      expect(reportOf(missing[name]?.(sound) ?? sound).tiers.map(({ state }) => state)).toEqual(unknown);
  });
});
