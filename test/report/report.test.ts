import { hasBrowser, launch } from '../signing/browser.io.ts';
import { explainLock, strongestLocks } from '../../src/report/lists.ts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Digest, type Instant, type Milliseconds } from '../../src/core/index.ts';
import { type EvidenceKind, readBody } from '../../src/evidence/index.ts';
import { type KnownEvidence, readers } from '../../src/evidence-kinds/index.ts';
import { type GateReading } from '../../src/gate/index.ts';
import { type Release, type SealedRelease, type Seal } from '../../src/release/index.ts';
import { type DatabaseName, type Golden } from '../../src/clone/index.ts';
import { type Rehearsal, type StageResult, stages, type StepMeasure } from '../../src/rehearsal/index.ts';
import { buildReport, type Report, toHtml, toMarkdown, toSummary, writeReport } from '../../src/report/index.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const seal = `sha256:${'a'.repeat(64)}` as Seal;
const day = 86_400_000 as Milliseconds;
const hostile = 'a|b\n# c `d` <script>x</script> [e](javascript:f)';
const tier = { transaction: 'single', up: [], down: [], oneWay: null, check: [] } as const;
const release: Release = {
  folder: '.',
  name: 'one-roof' as Release['name'],
  title: 'One Roof',
  summary: '',
  database: 'directus',
  touches: [],
  varies: [],
  requires: 'strict',
  authors: [],
  settings: { lockTimeout: day, statementTimeout: day, searchPath: [], role: null },
  budgets: { lock: null, total: null },
  tiers: [
    { ...tier, id: '2-a' as Release['tiers'][number]['id'], order: 2, title: 'Base', barred: null },
    { ...tier, id: '6-b' as Release['tiers'][number]['id'], order: 6, title: 'Last', barred: null },
    { ...tier, id: '7-events' as Release['tiers'][number]['id'], order: 7, title: 'Events', barred: 'not designed' },
  ],
  metrics: [],
  invariants: { greenfield: {}, finalized: {}, always: {} },
  gates: [],
  options: [{ id: '3-shadow', title: 'inert shadow', decision: 'rejected', reason: hostile, up: [] }],
  allows: {},
  after: { rollout: [], rollback: [] },
  next: [
    { title: 'Roll out', gated: true },
    { title: 'Align labels', gated: false },
  ],
};
const sealed: SealedRelease = { release, seal };
const golden: Golden = {
  provider: 'template',
  generation: 1,
  takenAt: at,
  proofLevel: 'exact',
  method: 'copy',
  bytes: 1,
  durationMs: 1,
  database: 'oneroof_g1' as DatabaseName,
  source: { database: 'directus', systemIdentifier: '1', timeline: 1, databaseOid: '1', serverVersion: 180000 },
};
const stage = (name: (typeof stages)[number]): StageResult => ({
  stage: name,
  durationMs: 5,
  outcome: 'passed',
  problems: [],
  metrics: {},
  steps: [],
});
const plain: Digest = seal;
const rehearsal: Rehearsal = {
  version: 1,
  release: 'one-roof',
  seal,
  outcome: 'passed',
  startedAt: at,
  endedAt: at,
  serverVersion: 180000,
  golden,
  clone: { method: 'copy', durationMs: 9, dropMs: 3, kept: null },
  stages: stages.map(stage),
  proof: {
    method: 'full',
    strict: 'equal',
    logical: 'equal',
    differences: [],
    differenceCount: 0,
    notProven: [],
    fallback: null,
    relations: 3,
    whole: 3,
    blocks: 0,
    rows: '12',
    objects: 4,
    seeds: ['1', '2'],
    schemaDigest: { before: plain, after: plain },
    dataDigest: { before: plain, after: plain },
    durationMs: 1,
  },
  twin: null,
  gateSchema: null,
  idempotent: true,
  repeatable: true,
  touched: [],
  barred: [],
  dispatch: {
    declared: null,
    network: 'none',
    notifications: { sent: 'none', heard: [], heardCount: 0 },
    called: [],
    foreign: [],
    modules: [],
  },
  leftovers: [],
  problems: [],
  options: [{ option: '3-shadow', outcome: 'collides', problems: [], durationMs: 1 }],
};
const baseline = { takenAt: at, metrics: { ospa: 0, own: 0, system_issues: 204556 }, schemaDigest: 'x' };
const gate: GateReading = {
  version: 1,
  release: 'one-roof',
  seal,
  target: 'production',
  identity: null,
  entry: baseline,
  exit: baseline,
  changedMeanwhile: [],
  harmless: null,
  rows: { state: 'read', schema: 'x', cycles: [] },
  drift: null,
  unrelated: null,
  readAt: at,
  verdict: {
    decision: 'BLOCKED',
    reasons: [
      {
        kind: 'data-gate',
        gate: 'g',
        title: 'Ratified',
        metric: 'ospa',
        measured: 0,
        required: '≥ 1',
        before: '3-own',
      },
    ],
  },
};
const piece = (kind: EvidenceKind, body: unknown, index: number): KnownEvidence =>
  readBody({ entry: { index, kind, digest: seal, seal, recordedAt: at, size: 1 }, readable: true, body }, readers);
const all = [
  piece('seal', { version: 1, release: 'one-roof', seal }, 0),
  piece('golden', { version: 1, ...golden }, 1),
  piece('rehearsal', rehearsal, 2),
  piece('gate', gate, 3),
  piece('review', { version: 1, release: 'one-roof', seal, finding: 'objects', text: hostile }, 4),
];
const build = (evidence: readonly KnownEvidence[], now = at, of = release) =>
  buildReport({
    release: { ...sealed, release: of },
    target: 'production',
    evidence,
    now,
    policy: { rehearsalMaxAge: day, gateMaxAge: day },
    hrefOf: () => 'e/x.json',
  });

test('the Markdown has every row of the classification matrix and both verdicts', () => {
  const markdown = toMarkdown(build(all));
  for (const row of [
    'Production rollout executor | ✅ GO, HELD at gate',
    'Rollback executor | ✅ GO',
    'Verification suite | ✅ GO',
    'Gate monitor | ✅ GO',
    'inert shadow | ⛔ NO-GO, REJECTED',
    'Clone harness | ✅ RETAINED',
    'Human ratification gate | ⛔ CLOSED',
    'on production\\) | ⛔ NO-GO',
    'Tier 7: Events | ⛔ NO-GO',
  ])
    expect(markdown).toContain(row);
  expect(markdown).toContain('RELEASE READINESS for production: GO');
  expect(markdown).toContain('EXECUTION on production: NO-GO until');
  expect(markdown).toContain('The single blocker');
  expect(markdown).toContain('issues=204,556');
});

test('the report says how the rollback was proven, what varies, what went out and what stays behind', () => {
  const { proof } = rehearsal;
  const found: Rehearsal = {
    ...rehearsal,
    proof:
      proof === null ? null : { ...proof, method: 'changed blocks', blocks: 35, whole: 1, relations: 96, rows: '1204' },
    twin: { prepared: { turned: ['public.t'], kept: [] }, varies: [], declared: ['public.t.made'], durationMs: 1 },
    leftovers: [{ kind: 'columns', name: 'public.t', burned: 2, left: 1500 }],
    noticed: [{ kind: 'column', option: 'pg_next', count: '1200', first: 'public.t.a' }],
  };
  expect(build(all.with(2, piece('rehearsal', found, 2))).findings).toEqual([
    'Proven by changed blocks: 96 relations by 35 changed blocks and 1 relations read whole: 1,204 rows.',
    'Forward on a twin with 1 tables in another row order and 0 unchanged; declared to differ: public.t.made.',
    'The clone had no network; notifications sent: none.',
    'Each cycle uses 2 column numbers of public.t; 1500 of 1,600 remain.',
    'Noticed: column option pg_next, unknown to One Roof, is not compared: public.t.a and 1,199 more.',
  ]);
});

test('readiness is never GO while seal, rehearsal or gate evidence is missing, unreadable, of another seal or late', () => {
  const state = fc.constantFrom('there', 'missing', 'unreadable', 'other', 'broken');
  fc.assert(
    fc.property(fc.tuple(state, state, state), (states) => {
      const needed = all.filter(({ entry }) => entry.kind !== 'golden');
      const evidence = needed.flatMap((one, index): KnownEvidence[] => {
        const { entry } = one;
        if (states[index] === 'missing') return [];
        if (states[index] === 'unreadable')
          return [readBody({ entry, readable: false, reason: 'digest differs' }, readers)];
        if (states[index] === 'broken') return [readBody({ entry, readable: true, body: {} }, readers)];
        return states[index] === 'other'
          ? [{ ...one, entry: { ...entry, seal: `sha256:${'b'.repeat(64)}` as Digest } } as KnownEvidence]
          : [one];
      });
      const report = build(evidence);
      expect(report.readiness.status).toBe(states.every((one) => one === 'there') ? 'GO' : 'NO-GO');
      expect(report.execution.status).toBe('NO-GO');
    }),
  );
});

test('where no rehearsal has proven the rollback, every form says so, and none that nothing is left', () => {
  const written = (report: Report): readonly string[] => [
    toMarkdown(report),
    toHtml(report),
    toSummary([report], null),
  ];
  for (const text of written(build(all))) expect(text).not.toContain('the rollback: ');
  expect(toSummary([build(all)], null)).toContain('is unproven.');
  const unrehearsed = build(all.filter(({ entry }) => entry.kind !== 'rehearsal'));
  for (const text of written(unrehearsed)) expect(text).toContain('the rollback: ');
  expect(toSummary([unrehearsed], null)).not.toContain('is unproven');
});

test('stale evidence makes the release not ready', () => {
  expect(build(all, '2026-06-05T08:00:00.000Z' as Instant).readiness.reasons.join()).toContain('stale');
});

test('hostile text is markup neither in Markdown nor in HTML', () => {
  expect(toMarkdown(build(all))).not.toMatch(/<script|\n# c|\]\(javascript/);
  expect(toHtml(build(all))).not.toContain('<script');
  expect(toSummary([build(all)], null)).not.toMatch(/<script|\]\(javascript/);
  for (const text of [toMarkdown(build(all)), toHtml(build(all)), toSummary([build(all)], null)])
    expect(text).toContain('objects');
});

test('a tier that is a migration of another tool is shown with its files, their SHA-256 and its row, in every form', () => {
  const digest = (of: string): Digest => `sha256:${of.repeat(64)}` as Digest;
  const imported = {
    tool: 'dbmate',
    history: { schema: 'public', table: 'schema_migrations' },
    migrations: [
      {
        tier: '2-a',
        file: `migrations/1_${hostile}.sql`,
        digest: digest('1'),
        down: { file: 'migrations/1.down.sql', digest: digest('2') },
        known: {},
        row: { version: "'1'" },
      },
    ],
  } as const;
  const report = build(all, at, { ...release, imported });
  expect(report.tiers.map(({ migration }) => migration?.tool)).toEqual(['dbmate', undefined, undefined]);
  for (const text of [toMarkdown(report), toHtml(report), toSummary([report], null)]) {
    for (const shown of ['dbmate', '1'.repeat(64), '2'.repeat(64), 'version = ']) expect(text).toContain(shown);
  }
  for (const text of [toMarkdown(report), toSummary([report], null)])
    expect(text).not.toMatch(/<script|\n# c|\]\(javascript/);
  expect(toHtml(report)).not.toContain('<script');
  for (const text of [toMarkdown(build(all)), toHtml(build(all))]) expect(text).not.toContain('Migrations');
});

test('the report is written whole in three forms', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  try {
    const files = await writeReport({ report: build(all), markdown: 'm', html: 'h', folder });
    expect(files.map((file) => readFileSync(file, 'utf8').slice(0, 1))).toEqual(['m', 'h', '{']);
    await expect(
      writeReport({ report: build(all), markdown: 'm', html: 'h', folder: join(folder, 'report.md') }),
    ).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the report says how many blockers there are, each once: a single one only where readiness adds none', () => {
  const single = toMarkdown(build(all));
  expect(single).toMatch(/## The single blocker\n\n- [^\n]+\n\n/);
  const unready = build([all[0], all[3]].filter((one) => one !== undefined));
  expect(unready.blockers).toHaveLength(1);
  const [, title, items] = /## (\d+) blockers\n\n((?:- [^\n]+\n)+)/.exec(toMarkdown(unready)) ?? [];
  expect(items?.trim().split('\n')).toHaveLength(Number(title));
  expect(Number(title)).toBe(unready.execution.reasons.length);
  expect(toMarkdown(unready)).not.toContain('The single blocker');
});

test('the report names each locked relation once, with its strongest lock and how long it was held, the strongest first', () => {
  const lock = (relation: string, mode: string, heldMs: number): StepMeasure['locks'][number] => ({
    relation,
    mode,
    heldMs,
    age: 'existing',
  });
  const locks = strongestLocks([
    { gateMs: null, locks: [lock('public.a', 'RowExclusiveLock', 900), lock('"b c".d', 'ShareLock', 7)] },
    { gateMs: 30, locks: [lock('public.a', 'AccessExclusiveLock', 12), lock('public.e', 'OtherLock', 1)] },
    { gateMs: null, locks: [lock('public.a', 'AccessExclusiveLock', 20), lock('public.a', 'ShareLock', 800)] },
    { gateMs: null, locks: [lock('public.e', 'AccessExclusiveLock', 5)] },
  ]);
  expect(locks.map((one) => explainLock({}, one))).toEqual([
    'OTHER on public.e for 31 ms',
    'ACCESS EXCLUSIVE on public.a for 42 ms',
    'SHARE on "b c".d for 7 ms',
  ]);
  expect(locks.map((one) => explainLock({ bound: 'at least' }, one))[1]).toBe(
    'ACCESS EXCLUSIVE on public.a for at least 42 ms',
  );
});

test.skipIf(!hasBrowser())(
  'the report has no heading with nothing under it, in a browser and as Markdown',
  async () => {
    const report = {
      ...build(all),
      next: [],
      meanwhile: [],
      findings: [],
      reviews: [],
      after: { rollout: [], rollback: [] },
    };
    expect(toMarkdown(report)).not.toMatch(/^## [^\n]+\n\n(##|$)/m);
    const browser = await launch();
    try {
      const tab = await browser.newPage();
      await tab.setContent(toHtml(report));
      const heads = await tab.locator('h2').allInnerTexts();
      expect(heads.slice(0, 3)).toEqual(['The copy that was rehearsed on', 'The single blocker', 'Tiers and gates']);
      for (const head of ['Next work, waits for the gate', 'What the rehearsal found', 'After a rollback'])
        expect(heads).not.toContain(head);
      // that nothing is left unproven is said, not left out
      const unproven = tab.locator('section').filter({ has: tab.locator('h2', { hasText: 'What is not proven' }) });
      expect(await unproven.innerText()).toContain('Nothing.');
      for (const one of await tab.locator('section').all())
        expect((await one.innerText()).trim().split('\n').length).toBeGreaterThan(1);
    } finally {
      await browser.close();
    }
  },
);
