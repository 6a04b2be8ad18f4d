import { describe, expect, test } from 'vitest';
import {
  lintRelease,
  loadParser,
  type Probe,
  readSealed,
  type Release,
  releaseOfSeal,
  sealDocument,
  sealRelease,
} from '../../src/release/index.ts';
import { draftBack } from '../../src/release/draft-back.ts';
import { probeOf } from '../../src/release/probe.ts';
import { withFolder } from './folder.io.ts';

const manifest = (tier: string): string =>
  `format: 1\nname: small\ntitle: Small\ndatabase: shop\ntouches: [public.t]\ntiers:\n  - { id: 1-first, title: First${tier} }\n`;

/** A release with one tier; a down that is null is absent. */
const files = (of: { tier?: string; up: string; down?: string | null }): Readonly<Record<string, string>> => ({
  'release.yaml': manifest(of.tier ?? ', transaction: outside'),
  'tiers/1-first/up.sql': of.up,
  ...(of.down === null ? {} : { 'tiers/1-first/down.sql': of.down ?? 'drop index concurrently if exists t_i;\n' }),
});
const lint = (of: Parameters<typeof files>[0]) => withFolder(files(of), lintRelease);
const create = 'create index concurrently t_i on t (i);\n';

describe('the probe of a statement', () => {
  const index = { act: 'create-index', schema: null, table: 't', name: 't_i' } as const;
  test.each<readonly [string, Probe]>([
    ['create index concurrently t_i on t (i)', index],
    ['CREATE UNIQUE INDEX CONCURRENTLY T_I ON T USING btree (i) INCLUDE (j) WHERE i > 0', index],
    ['create /* a */ index concurrently -- b\n t_i on only t (i)', index],
    [
      'create index concurrently "A "" b" on app."T.x" (i)',
      { act: 'create-index', schema: 'app', table: 'T.x', name: 'A " b' },
    ],
    [`create index concurrently ${'x'.repeat(70)} on t (i)`, { ...index, name: 'x'.repeat(63) }],
    ['drop index concurrently t_i', { act: 'drop-index', schema: null, name: 't_i', missingOk: false }],
    ['drop index concurrently if exists App."I"', { act: 'drop-index', schema: 'app', name: 'I', missingOk: true }],
    ['reindex index concurrently app.t_i', { act: 'reindex', object: 'index', schema: 'app', name: 't_i' }],
    ['reindex table concurrently "T"', { act: 'reindex', object: 'table', schema: null, name: 'T' }],
    ['reindex (concurrently) table t', { act: 'reindex', object: 'table', schema: null, name: 't' }],
    ['reindex (verbose, concurrently TRUE) index i', { act: 'reindex', object: 'index', schema: null, name: 'i' }],
    ["reindex (concurrently 'on') index i", { act: 'reindex', object: 'index', schema: null, name: 'i' }],
    ['reindex (concurrently 1, verbose off) index i', { act: 'reindex', object: 'index', schema: null, name: 'i' }],
    [
      'alter table app.p detach partition "Q" concurrently',
      { act: 'detach', schema: 'app', table: 'p', partitionSchema: null, partition: 'Q' },
    ],
    [
      'alter table p detach partition app.q finalize',
      { act: 'finalize', schema: null, table: 'p', partitionSchema: 'app', partition: 'q' },
    ],
    ['vacuum t', { act: 'vacuum', schema: null, name: 't' }],
    ['vacuum (analyze, freeze) app."T"', { act: 'vacuum', schema: 'app', name: 'T' }],
    ['vacuum analyze t (i, j)', { act: 'vacuum', schema: null, name: 't' }],
    ['vacuum (full off, skip_locked false) t', { act: 'vacuum', schema: null, name: 't' }],
  ])('%s', async (text, probe) => {
    const [statement] = (await loadParser()).parse('', text).statements;
    expect(statement === undefined ? null : probeOf(statement)).toEqual(probe);
    expect(
      (await lint({ up: `-- first\n${text};\n`, tier: ', transaction: outside, oneWay: x', down: null })).problems,
    ).toEqual([]);
  });

  test.each<readonly [string, RegExp]>([
    ['create index concurrently if not exists t_i on t (i)', /IF NOT EXISTS also succeeds with an invalid index/],
    ['create index concurrently on t (i)', /no name/],
    ['create index t_i on t (i)', /runs in a transaction/],
    ['drop index t_i', /runs in a transaction/],
    ['drop index concurrently a, b', /more than one index/],
    ['drop table t', /runs in a transaction/],
    ['reindex table t', /blocks writes/],
    ['reindex (verbose) table t', /blocks writes/],
    ['reindex (concurrently false) table t', /blocks writes/],
    ['reindex (concurrently 0) table t', /blocks writes/],
    ['reindex (concurrently off) table concurrently t', /blocks writes/],
    ['reindex (concurrently maybe) table t', /blocks writes/],
    ['reindex schema concurrently app', /more than one table/],
    ['reindex database concurrently shop', /more than one table/],
    ['reindex system shop', /more than one table/],
    ['alter table p detach partition q', /runs in a transaction/],
    ['alter table t add column j integer', /runs in a transaction/],
    ['vacuum', /names no table/],
    ['vacuum t, u', /more than one table/],
    ['vacuum full t', /VACUUM FULL/],
    ['vacuum (full) t', /VACUUM FULL/],
    ['vacuum (full true, analyze) t', /VACUUM FULL/],
    ['vacuum (full false, full) t', /VACUUM FULL/],
    ['vacuum (full maybe) t', /VACUUM FULL/],
    ['vacuum (skip_locked) t', /SKIP_LOCKED/],
    ['analyze t', /runs in a transaction/],
    ['cluster', /nothing in the catalogue/],
    ['select 1', /runs in a transaction/],
    [`do $$ begin execute 'vacuum t'; end $$`, /runs in a transaction/],
    ["alter type colour add value 'red'", /runs in a transaction/],
  ])('there is none: %s', async (text, why) => {
    const { problems } = await lint({ up: `${text};\n`, tier: ', transaction: outside, oneWay: x', down: null });
    const found = problems.filter(({ code }) => code === 'RULE_OUTSIDE');
    expect(found).toMatchObject([
      { problem: expect.stringMatching(why), place: { file: 'tiers/1-first/up.sql', line: 1 } },
    ]);
    expect(found[0]?.fix).not.toBe('');
  });
});

describe('a statement that no transaction takes, in a tier of another kind', () => {
  test.each<readonly [string, string]>([
    ['create index concurrently t_i on app.t (i)', 'its down: DROP INDEX CONCURRENTLY IF EXISTS "app"."t_i";'],
    ['create index concurrently "A b" on t (i)', 'its down: DROP INDEX CONCURRENTLY IF EXISTS "A b";'],
    ['drop index concurrently t_i', 'its down: the CREATE INDEX CONCURRENTLY that makes the index again'],
    ['reindex table concurrently t', 'its down.sql holds a comment alone'],
    ['vacuum t', 'its down.sql holds a comment alone'],
    ['alter table p detach partition q concurrently', 'the tier is `oneWay: "<reason>"`'],
    ['vacuum full t', 'write VACUUM without FULL, in a tier of its own with `transaction: outside`'],
    ['reindex schema app', 'for each of them, in a tier of its own with `transaction: outside`'],
    ['cluster', 'do it outside of the release'],
  ])('%s: %s', async (text, fix) => {
    for (const tier of ['', ', transaction: each']) {
      const { problems } = await lint({ up: `${text};\n`, tier, down: 'select 1;\n' });
      expect(problems.map(({ code }) => code)).toEqual(['RULE_CONCURRENTLY']);
      expect(problems[0]?.fix).toContain(fix);
    }
  });

  test('the proposed tier has no problem', async () => {
    const { problems } = await lint({ up: create, tier: '', down: 'select 1;\n' });
    const down = /its down: (.*)$/.exec(problems[0]?.fix ?? '')?.[1] ?? '';
    expect((await lint({ up: create, down })).problems).toEqual([]);
  });

  test('a barred tier that commits step by step may have it: the gate never runs it', async () => {
    expect(
      (await lint({ up: 'cluster;\n', tier: ', transaction: each, barred: x', down: 'select 1;\n' })).problems,
    ).toEqual([]);
  });
});

describe('the rollback of an outside tier', () => {
  test('is written by lint where it is missing', async () => {
    const up = `${create}create index concurrently t_j on t (j);\n`;
    const { problems } = await lint({ up, down: null });
    expect(problems).toMatchObject([{ code: 'DOWN_MISSING' }]);
    const down = /^write it: (.*), or mark/.exec(problems[0]?.fix ?? '')?.[1] ?? '';
    expect(down).toBe('DROP INDEX CONCURRENTLY IF EXISTS "t_j"; DROP INDEX CONCURRENTLY IF EXISTS "t_i";');
    expect((await lint({ up, down })).problems).toEqual([]);
  });

  test('may hold no statement where there is nothing to undo, and only there', async () => {
    const codes = async (up: string) => (await lint({ up, down: '-- nothing\n' })).problems.map(({ code }) => code);
    expect(await codes('vacuum t;\nreindex table concurrently t;\n')).toEqual([]);
    expect(await codes(`vacuum t;\n${create}`)).toEqual(['STEPS_MISSING']);
  });

  test('must work after each part of the tier', async () => {
    const up = `vacuum t;\n${create}`;
    const down = 'drop index concurrently t_i;\n';
    expect((await lint({ up: create, down })).problems).toEqual([]);
    expect((await lint({ up, down })).problems).toMatchObject([
      {
        code: 'RULE_OUTSIDE',
        fix: 'write DROP INDEX CONCURRENTLY IF EXISTS',
        place: { file: 'tiers/1-first/down.sql' },
      },
    ]);
    expect((await lint({ up: `vacuum t;\n${down}`, down: create })).problems).toMatchObject([{ code: 'RULE_OUTSIDE' }]);
  });
});

describe('how long an outside tier may wait', () => {
  const waitOf = async (tier: string): Promise<unknown> => {
    const { release, problems } = await lint({ up: create, tier });
    return release === null ? problems.map(({ code, place }) => [code, place?.line]) : (release.tiers[0]?.wait ?? null);
  };

  test('is ten minutes, or as the tier says', async () => {
    expect(await waitOf(', transaction: outside')).toBe(600_000);
    expect(await waitOf(', transaction: outside, wait: 90s')).toBe(90_000);
  });

  test.each(['transaction: single', 'transaction: each', 'rerunnable: true'])('is refused with %s', async (kind) => {
    expect(await waitOf(`, ${kind}, wait: 90s`)).toContainEqual(['YAML_INVALID', 7]);
  });

  test.each(['0s', '25d', 'never'])('cannot be %s', async (wait) => {
    expect(await waitOf(`, transaction: outside, wait: ${wait}`)).toContainEqual(['YAML_INVALID', 7]);
  });
});

describe('the draft of a release that undoes an outside tier', () => {
  const rolledOut = { target: 'p', halfWay: [], commands: { rollback: '', rollout: '', elsewhere: '' } };
  const drafted = async (up: string, down: string): Promise<Release | null> => {
    const given = files({ up, down, tier: ', transaction: outside, wait: 90s' });
    const { release } = await withFolder(given, lintRelease);
    if (release === null) throw new Error('it is not sound');
    const draft = draftBack(new Map(Object.entries(given)), release, { ...rolledOut, tiers: ['1-first'] });
    return (await withFolder(Object.fromEntries(draft), lintRelease)).release;
  };

  test('has one again, with its statements and its wait', async () => {
    const back = await drafted(create, 'drop index concurrently if exists t_i;\n');
    expect(back?.tiers).toMatchObject([
      { transaction: 'outside', wait: 90_000, up: [{ probe: { act: 'drop-index' } }] },
    ]);
  });

  test('is impossible where nothing is to be undone', async () => {
    await expect(drafted('vacuum t;\n', '-- nothing\n')).rejects.toMatchObject({ code: 'DRAFT_IMPOSSIBLE' });
  });
});

describe('the seal of an outside tier', () => {
  const sealed = (of: Parameters<typeof files>[0]): Promise<Release> =>
    withFolder(files(of), async (folder) => {
      await sealRelease(folder);
      return (await readSealed(folder)).release;
    });

  test('holds its wait and the probes beside the digests, and is read back with both', async () => {
    const release = await sealed({ up: `vacuum t;\n${create}` });
    const document = sealDocument(release);
    const probes = {
      up: [
        { act: 'vacuum', schema: null, name: 't' },
        { act: 'create-index', schema: null, table: 't', name: 't_i' },
      ],
      down: [{ act: 'drop-index', schema: null, name: 't_i', missingOk: true }],
    };
    const tier = { transaction: 'outside', wait: 600_000 };
    expect(document['tiers']).toMatchObject([{ ...tier, probes }]);
    const read = releaseOfSeal(document)?.release.tiers[0];
    expect(read).toMatchObject(tier);
    expect(read).not.toHaveProperty('probes');
    for (const direction of ['up', 'down'] as const) {
      expect(read?.[direction].map(({ probe }) => probe)).toEqual(probes[direction]);
      expect(read?.[direction].map(({ digest }) => digest)).toEqual(
        release.tiers[0]?.[direction].map((one) => one.digest),
      );
      expect(read?.[direction].every(({ transactional }) => !transactional)).toBe(true);
    }
    expect(sealDocument({ ...release, tiers: [read as NonNullable<typeof read>] })).toEqual(document);
  });

  test('is not read where a probe is missing, unknown or of another form', async () => {
    const document = sealDocument(await sealed({ up: create })) as { tiers: readonly object[] };
    const tier = document.tiers[0] as { readonly probes: { readonly up: readonly object[]; readonly down: object } };
    const withTier = (more: object) => releaseOfSeal({ ...document, tiers: [{ ...tier, ...more }] } as never);
    const withUp = (up: unknown) => withTier({ probes: { ...tier.probes, up } });
    expect(withTier({})).not.toBeNull();
    expect(withTier({ probes: undefined })).toBeNull();
    expect(withTier({ wait: undefined })).toBeNull();
    expect(withUp([])).toBeNull();
    expect(withUp([null])).toBeNull();
    expect(withUp([{ ...tier.probes.up[0], act: 'other' }])).toBeNull();
    expect(withUp([{ ...tier.probes.up[0], more: 1 }])).toBeNull();
  });

  test.each(['single', 'each'])('is not that of a tier with %s, which has neither', async (transaction) => {
    const release = await sealed({ up: 'select 1;\n', tier: `, transaction: ${transaction}`, down: 'select 1;\n' });
    const [tier] = sealDocument(release)['tiers'] as readonly object[];
    const digest = release.tiers[0]?.up[0]?.digest;
    const up = [digest];
    expect(tier).toEqual({
      id: '1-first',
      order: 1,
      title: 'First',
      transaction,
      up,
      down: up,
      oneWay: null,
      check: [],
      barred: null,
    });
  });
});
