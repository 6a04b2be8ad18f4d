import { beforeAll, describe, expect, it } from 'vitest';
import { type Digest, type Instant, now } from '../../src/core/index.ts';
import {
  buildDossier,
  type Dossier,
  dossierHtml,
  type DossierSource,
  dossierText,
  findDossier,
  show,
} from '../../src/dossier/index.ts';
import { evidenceOf, type ExampleFacts, rehearseExample } from './example.io.ts';

let facts: ExampleFacts;
let source: DossierSource;
let dossier: Dossier;
beforeAll(async () => {
  facts = await rehearseExample();
  source = {
    sealed: facts.sealed,
    evidence: evidenceOf(facts.sealed, [
      ['seal', {}],
      ['rehearsal', facts.rehearsal],
    ]),
    target: 'trial',
    production: false,
    reading: facts.reading,
    now: now(),
  };
  dossier = buildDossier(source);
}, 120_000);

/** Every value of the model, with the model where it is another one. */
function variants(value: unknown, put: (other: unknown) => unknown, path = ''): [path: string, model: unknown][] {
  if (Array.isArray(value)) {
    const all = value.flatMap((one, at) => variants(one, (other) => put(value.with(at, other)), `${path}[${at}]`));
    return value.length === 0 ? all : [...all, [`${path}[]`, put(value.slice(1))]];
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, one]) =>
      variants(one, (other) => put({ ...value, [key]: other }), `${path}.${key}`),
    );
  if (typeof value === 'string') return [[path, put(`${value}~`)]];
  if (typeof value === 'number') return [[path, put(value + 1)]];
  if (typeof value === 'boolean') return [[path, put(!value)]];
  return [[path, put('something')]];
}

const sha = (of: string): Digest => `sha256:${of.repeat(64)}` as Digest;
const migration = {
  tool: 'golang-migrate',
  files: [
    { is: 'migration', file: 'migrations/5_a.up.sql', digest: sha('5') },
    { is: 'down', file: 'migrations/5_a.down.sql', digest: sha('6') },
  ],
  history: '"public"."schema_migrations"',
  row: { version: '5', dirty: 'false' },
} as const;

/** The example says nothing of some things: filled in here, so that every field of the model is there. */
function full(): Dossier {
  return {
    ...dossier,
    links: [{ title: 'change request', url: 'https://tickets.example.org/1' }],
    back: {
      ...dossier.back,
      notProven: [{ relation: 'a', reason: 'b' }],
      differences: ['c'],
      oneWay: [{ tier: 'd', reason: 'e' }],
      leftovers: ['f'],
    },
    changes: {
      ...dossier.changes,
      objects: [
        { kind: 'column', name: 'g', change: 'changed', properties: [{ name: 'type', before: 'h', after: 'i' }] },
        ...(dossier.changes.objects ?? []),
      ],
      lost: ['t'],
    },
    time: { ...dossier.time, rewrites: [{ relation: 'j', bytes: 1 }] },
    now: dossier.now.read
      ? {
          ...dossier.now,
          blockers: ['k'],
          drift: [{ object: 'index: p', property: 'q', expected: 'r', found: 's' }],
          unrelated: { count: 1, objects: [{ kind: 'table', name: 'u', change: 'new' }] },
        }
      : dossier.now,
    outside: { declared: 'l', dispatch: ['m'], unmeasured: ['n'], varies: ['o'] },
    tiers: dossier.tiers.map((tier) => ({
      ...tier,
      migration,
      oneWay: 'p',
      outside: 'v',
      up: tier.up.map((step) => ({ ...step, rewritten: ['q'], notices: ['r'], probe: 'w' })),
    })),
    reviews: [
      {
        by: 'x',
        key: 'SHA256:y',
        from: 'another key',
        finding: 'objects',
        text: 'z\nSTATEMENTS',
        at: dossier.writtenAt,
        entry: 7,
      },
    ],
    rehearsal: { ...dossier.rehearsal, problems: ['s'] },
  };
}

describe('a tier that is a migration of another tool', () => {
  const hostile = 'migrations/5_<script>\u202e`|\nRISKS.up.sql';

  it('is shown with its files, their SHA-256 and its row, in the text that is signed and on the page', () => {
    const model = { ...dossier, tiers: dossier.tiers.map((tier) => ({ ...tier, migration })) };
    const text = dossierText(model);
    expect(text).toContain(`\n    migration of golang-migrate: migrations/5_a.up.sql, ${sha('5')}\n`);
    expect(text).toContain(`\n    down of golang-migrate: migrations/5_a.down.sql, ${sha('6')}\n`);
    expect(text).toContain('\n    its row in "public"."schema_migrations": version = 5, dirty = false\n');
    const { markup } = dossierHtml({ dossier: model, text: '', textDigest: '', pieces: () => [] });
    for (const shown of ['migrations/5_a.up.sql', '5'.repeat(64), '6'.repeat(64), 'version = 5, dirty = false'])
      expect(markup).toContain(shown);
    expect(dossierText(dossier)).not.toContain('its row in');
  });

  it('has the name of its file as text, whatever it is', () => {
    const [file] = migration.files;
    const odd = { ...migration, files: [{ ...file, file: hostile }] };
    const model = { ...dossier, tiers: dossier.tiers.map((tier) => ({ ...tier, migration: odd })) };
    expect(dossierText(model)).toContain('migrations/5_<script>\\u{202e}`|\\nRISKS.up.sql');
    const { markup } = dossierHtml({ dossier: model, text: '', textDigest: '', pieces: () => [] });
    expect(markup).not.toMatch(/5_<script>|\u202e/);
  });
});

describe('the text of a dossier', () => {
  it('changes with every single value of the model, so that whoever signs it signs all that a page can draw', () => {
    const model = full();
    const text = dossierText(model);
    const all = variants(model, (other) => other);
    expect(all.length).toBeGreaterThan(900);
    // the words of a state are checked by the type; another word is not the other state
    const silent = all.filter(([, other]) => dossierText(other as Dossier) === text).map(([path]) => path);
    expect(silent).toEqual([]);
  });

  it('has the lines of a definition that differs below it', () => {
    const model = { ...dossier, back: { ...dossier.back, differences: ['function f: source\n- a\n+ b'] } };
    expect(dossierText(model)).toContain('  difference: function f: source\n    | - a\n    | + b\n');
  });

  it('says of production that could not be read why', () => {
    expect(dossierText({ ...dossier, now: { read: false, why: 'no route' } })).toContain('not read: no route');
  });

  it('keeps hostile text on its own line and visible', () => {
    const hostile = 'x\u202e\u0007\nRISKS\n  STOP: forged\u2028EVIDENCE';
    const headings = (text: string): number => text.split('\n').filter((line) => /^[A-Z]+$/.test(line)).length;
    const expected = headings(dossierText(full()));
    const strings = variants(full(), (other) => other).filter(([, model]) => JSON.stringify(model).includes('~"'));
    for (const [path, model] of strings) {
      const said = JSON.parse(JSON.stringify(model), (_, value: unknown) =>
        typeof value === 'string' && value.endsWith('~') ? hostile : value,
      ) as Dossier;
      const text = dossierText(said);
      expect(text, path).not.toMatch(/[\u202e\u0007\u2028]/);
      expect(headings(text), path).toBe(expected);
      expect(
        text.split('\n').filter((line) => line.startsWith('  STOP: forged')),
        path,
      ).toEqual([]);
    }
    expect(strings.length).toBeGreaterThan(300);
  });

  it('is the same bytes for the same facts, and holds every statement in full with its digest', () => {
    const again = buildDossier(JSON.parse(JSON.stringify(source)) as DossierSource);
    expect(dossierText(again)).toBe(dossierText(dossier));
    const lines = dossierText(dossier).split('\n');
    for (const tier of facts.sealed.release.tiers)
      for (const step of [...tier.up, ...tier.down]) {
        expect(lines.some((line) => line.endsWith(step.digest))).toBe(true);
        const at = lines.findIndex((line) => line.endsWith(step.digest));
        const shown = lines.slice(at).filter((line) => line.startsWith('      | '));
        expect(shown.slice(0, step.sql.split('\n').length).map((line) => line.slice(8))).toEqual(step.sql.split('\n'));
      }
  });
});

describe('the dossier of the worked example', () => {
  it('says what is measured: strict equality, rows, objects, locks on what was there before, production now', () => {
    expect(facts.rehearsal.problems).toEqual([]);
    expect(dossier.back).toMatchObject({ verdict: 'strict', requires: 'logical', differenceCount: 0, oneWay: [] });
    expect(dossier.changes.rows).toContainEqual({
      relation: 'public.gov_coverage',
      up: { inserted: 210, updated: 0, deleted: 0 },
      down: { inserted: 0, updated: 0, deleted: 210 },
    });
    expect(dossier.changes.objects).toContainEqual({
      kind: 'table',
      name: 'public.gov_ledger',
      change: 'made',
      properties: [],
    });
    expect(dossier.changes.objectCount).toBe(dossier.changes.objects?.length);
    expect(dossier.locks.filter(({ relation }) => /gov_ledger|_pkey$|gov_gaps/.test(relation))).toEqual([]);
    // made by the statement before it, in the same transaction: nobody waits for it
    const comment = facts.rehearsal.stages.find(({ stage }) => stage === 'forward')?.steps[1];
    expect(comment?.locks).toContainEqual(expect.objectContaining({ relation: 'public.gov_ledger', age: 'new' }));
    const share = dossier.locks.filter(({ blocks }) => blocks === 'writes');
    expect(share.map(({ tier, relation }) => `${tier} ${relation}`)).toContain('6-finalize public.gov_ownership');
    for (const { fromMs, heldMs } of dossier.locks) expect([fromMs >= 0, heldMs > 0]).toEqual([true, true]);
    // taken by the third statement, so not before the first two were done
    const later = dossier.locks.find((lock) => lock.tier === '1-structure' && lock.relation === 'public.gov_ownership');
    const before = dossier.tiers[0]?.up.slice(0, 2).reduce((sum, step) => sum + (step.durationMs ?? 0), 0) ?? 0;
    expect(later?.fromMs).toBeGreaterThanOrEqual(before - 0.2);
    expect(dossier.now).toMatchObject({ read: true, schema: 'as rehearsed', blockers: [] });
    expect(dossier.now.read && dossier.now.metrics.find(({ name }) => name === 'gap')).toMatchObject({
      value: 210,
      expected: '= 210',
      holds: true,
    });
    expect(dossier.now.read && dossier.now.gates).toMatchObject([{ state: 'closed' }]);
    expect(dossier.options.find(({ id }) => id === '3-shadow')?.trial).toMatch(/^collides: /);
  });

  it('leaves the barred tier out of all sums, and shows its statements', () => {
    expect(JSON.stringify([dossier.changes, dossier.locks, dossier.back.losses])).not.toContain('gov_emit');
    expect(dossier.tiers.at(-1)?.barred).toMatch(/NO-GO/);
    expect(dossier.tiers.at(-1)?.up[0]?.durationMs).toBeGreaterThan(0);
    const sum = dossier.tiers.slice(0, -1).reduce((all, { durationMs }) => all + (durationMs ?? 0), 0);
    expect(dossier.time.forwardMs).toBeCloseTo(sum, 0);
  });

  it('says what a rollback loses of what users wrote meanwhile', () => {
    const lost = (relation: string): readonly string[] =>
      dossier.back.losses.filter((loss) => loss.relation === relation).map(({ text }) => text);
    expect(lost('public.gov_ledger')).toEqual([expect.stringMatching(/^all rows written to it/)]);
    expect(lost('public.gov_coverage')).toEqual([expect.stringContaining('deleted 210 rows')]);
    expect(lost('public.gov_collections')).toEqual([expect.stringContaining('updated 35 rows')]);
    // views hold nothing
    expect(lost('public.gov_gaps')).toEqual([]);
    expect(lost('public.directus_users')).toEqual([]);
  });

  it('puts the heaviest risk first, and nothing that is not so', () => {
    // how long the locks are held depends on the machine; what other tests send on their server meanwhile cannot be told apart
    const other = dossier.risks.filter(
      ({ part, title }) => part !== 'locks' && title !== 'Not every effect outside of the database was measured',
    );
    const titles = other.map(({ weight, title }) => `${weight}: ${title}`);
    expect(titles).toEqual([
      'think: A rollback loses what users write meanwhile',
      // its rows of Directus have identifiers of their own, far above the sequences
      'think: 2 sequences behind after the rollout',
      'think: 1 data gate closed',
      'think: It was not rehearsed with the role of a rollout',
      // its copy was taken beside its source, and no target was named
      'think: It is unknown whether the copy equals production',
      'know: Not every session that it could wait for is visible',
      'know: 1 tier barred: not rolled out by this release',
      'know: An agent wrote it',
      'know: The policy is not for production',
    ]);
  });
});

describe('the rehearsals of a seal', () => {
  const slower = (factor: number, more: object = {}) => ({
    ...facts.rehearsal,
    stages: facts.rehearsal.stages.map((stage) => ({
      ...stage,
      steps: stage.steps.map((step) => ({ ...step, durationMs: step.durationMs * factor })),
    })),
    ...more,
  });
  const from = (...bodies: readonly unknown[]): Dossier =>
    buildDossier({
      ...source,
      evidence: evidenceOf(
        facts.sealed,
        bodies.map((body) => ['rehearsal', body] as const),
      ),
    });

  it('give the range of times; the newest that passed is described', () => {
    const one = from(facts.rehearsal).time;
    const two = from(slower(3), slower(2), facts.rehearsal, slower(9, { outcome: 'failed' })).time;
    expect(two.forwardMs).toBe(one.forwardMs);
    expect(two.range.rehearsals).toBe(3);
    expect(two.range.leastMs).toBe(one.forwardMs);
    expect(two.range.mostMs / one.forwardMs).toBeCloseTo(3, 1);
    expect(one.caveats).toContainEqual(expect.stringContaining('only one rehearsal'));
    expect(two.caveats).not.toContainEqual(expect.stringContaining('only one rehearsal'));
  });

  it('that failed later, or cannot be read, are problems; one that failed before is not', () => {
    const failed = {
      ...facts.rehearsal,
      outcome: 'failed',
      problems: [{ code: 'BACK_DIFFERS', problem: 'x', fix: '' }],
    };
    expect(from(failed, facts.rehearsal).rehearsal.problems).toEqual([]);
    expect(from(facts.rehearsal, failed).rehearsal.problems).toEqual([expect.stringContaining('BACK_DIFFERS: x')]);
    expect(from(facts.rehearsal, { nothing: true }).rehearsal.problems).toEqual([
      expect.stringContaining('cannot be read'),
    ]);
    const mended = from({ nothing: true }, facts.rehearsal);
    expect(mended.rehearsal.problems).toEqual([]);
    expect(mended.time.caveats).toContainEqual(expect.stringContaining('1 earlier records'));
    expect(from(facts.rehearsal, failed).risks[0]).toMatchObject({ weight: 'stop', part: 'evidence' });
    expect(() => from(failed)).toThrow(expect.objectContaining({ code: 'NOT_REHEARSED' }));
    const other = { ...facts.rehearsal, seal: facts.sealed.seal.replace(/.$/, '!') };
    expect(() => from(other)).toThrow(expect.objectContaining({ code: 'NOT_REHEARSED' }));
  });

  it('of an older record are read, and what they do not say is said to be unknown', () => {
    const { schemaBefore: _, changes: __, ...rest } = facts.rehearsal;
    const old = {
      ...rest,
      stages: rest.stages.map((stage) => ({
        ...stage,
        steps: stage.steps.map(({ rewrittenTables: ___, ...step }) => ({
          ...step,
          locks: step.locks.map(({ fromMs: ____, kind: _____, ...lock }) => lock),
        })),
      })),
    };
    const built = from(old);
    expect(built.changes.objects).toBeNull();
    expect(built.back.losses).toContainEqual({ relation: '*', text: expect.stringContaining('unknown') });
    expect(built.risks.map(({ title }) => title)).toContain('Not every changed object is listed');
  });
});

describe('a dossier that was recorded', () => {
  it('is found by the digest of its text; one whose model was changed, or of another seal, is not', () => {
    const { text, ...record } = show(dossier);
    const recorded = (body: unknown) => evidenceOf(facts.sealed, [['dossier', body]]);
    expect(findDossier(recorded(record), record.digest)).toEqual({ ...record, text });
    // of another form, and under the digest that is looked for
    const formless = { ...record, dossier: { version: 1 } };
    expect(findDossier(recorded(formless), record.digest)).toBeNull();
    expect(findDossier(recorded(record), show({ ...dossier, target: 'other' }).digest)).toBeNull();
    const softer = { ...record, dossier: { ...dossier, risks: dossier.risks.slice(1) } };
    expect(findDossier(recorded(softer), record.digest)).toBeNull();
    const foreign = show({ ...dossier, release: { ...dossier.release, seal: dossier.rehearsal.digest } });
    expect(findDossier(recorded(foreign), foreign.digest)).toBeNull();
    expect(
      findDossier(recorded({ ...record, dossier: { ...dossier, writtenAt: '' as Instant } }), record.digest),
    ).toBeNull();
  });
});
