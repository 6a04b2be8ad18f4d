import { describe, expect, test } from 'vitest';
import { type Json } from '../../src/core/index.ts';
import {
  batchOf,
  hintBatches,
  lintRelease,
  loadParser,
  releaseOfSeal,
  readSealed,
  sealDocument,
  sealRelease,
} from '../../src/release/index.ts';
import { sound, withFolder } from './folder.io.ts';

const batched = 'transaction: each\n    batched: { by: id, rows: 500 }';
const files = (
  up: string,
  { says = batched, down = 'select 1' }: { readonly says?: string; readonly down?: string } = {},
): Readonly<Record<string, string>> => ({
  ...sound,
  'release.yaml': (sound['release.yaml'] ?? '').replace('title: First', `title: First\n    ${says}`),
  'tiers/1-first/up.sql': `${up};\n`,
  'tiers/1-first/down.sql': `${down};\n`,
});
const problemsOf = (of: Readonly<Record<string, string>>): Promise<readonly string[]> =>
  withFolder(of, async (folder) =>
    (await lintRelease(folder)).problems.map(({ code, problem }) => `${code} ${problem}`),
  );

describe('a statement that runs in batches', () => {
  test.each([
    'update public.t set a = 1 where id between $1 and $2',
    'update public.t o set a = b.a from public.b where b.id = o.id and o.id between $1 and $2 and o.a is null',
    'update only public.t set a = 1 where a is null and id between $1 and $2',
    'delete from public.t using public.b where t.id between $1 and $2 and b.id = t.id',
    'insert into public.n (id) select o.id from public.t o left join public.b on b.id = o.id where o.id between $1 and $2',
    'insert into public.n (id) select id from public.t where id between $1 and $2 on conflict do nothing',
    'insert into public.n (id, a) select id, (select max(b.a) from public.b where b.id = t.id) from public.t where id between $1 and $2',
    'with b as (select 1 as a) update public.t set a = b.a from b where t.id between $1 and $2',
  ])('may be: %s', async (text) => {
    expect(await problemsOf(files(text))).toEqual([]);
    expect(await problemsOf(files('update public.t set a = 1 where id between $1 and $2', { down: text }))).toEqual([]);
  });

  test.each([
    ['does not bound id', 'update public.t set a = $1 where id between 1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where id between $2 and $1'],
    ['does not bound id', 'update public.t set a = 1 where id >= $1 and id <= $2'],
    ['does not bound id', 'update public.t set a = 1 where id between $1 and $2 or a is null'],
    ['does not bound id', 'update public.t set a = 1 where not id between $1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where id not between $1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where id between symmetric $1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where id + 0 between $1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where id::text between $1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where other between $1 and $2'],
    ['does not bound id', 'update public.t set a = 1 where id in (select id from public.t where id between $1 and $2)'],
    ['does not bound id', 'update public.t set a = $1 where id between $1 and $2'],
    ['does not bound id', 'update public.t set a = $3 where id between $1 and $2'],
    ['not a column of the table', 'update public.t set a = 1 from public.b where b.id between $1 and $2'],
    ['not a column of the table', 'insert into public.n select id from public.t, public.b where id between $1 and $2'],
    [
      'not a column of the table',
      'insert into public.n select o.id from (select o.id from public.t o) o where o.id between $1 and $2',
    ],
    [
      'not a column of the table',
      'insert into public.n select o.a from public.t as o (a, id) where o.id between $1 and $2',
    ],
    [
      'not a column of the table',
      'insert into public.n select a from public.t as o (a, id) where id between $1 and $2',
    ],
    [
      'not a column of the table',
      'insert into public.n select t.a from (public.t join public.b on true) as t (a, id) where t.id between $1 and $2',
    ],
    [
      'not a column of the table',
      'insert into public.n select a from (public.t join public.b on true) as j (a, id) where id between $1 and $2',
    ],
    ['without its schema', 'update t set a = 1 where id between $1 and $2'],
    ['changes id', 'update public.t set id = id + 1000 where id between $1 and $2'],
    ['adds rows to the table', 'insert into public.t (a) select a from public.t where id between $1 and $2'],
    [
      'not one row for each',
      'insert into public.n select count(*) from public.t where id between $1 and $2 group by a',
    ],
    ['not one row for each', 'insert into public.n select distinct a from public.t where id between $1 and $2'],
    ['not one row for each', 'insert into public.n select id from public.t where id between $1 and $2 limit 5'],
    ['not one row for each', 'insert into public.n select id from public.t where id between $1 and $2 union select 1'],
    ['not one row for each', 'insert into public.n select count(*) from public.t where id between $1 and $2'],
    ['not one row for each', 'insert into public.n select 1 + max(a) from public.t where id between $1 and $2'],
    [
      'not one row for each',
      'insert into public.n select pg_catalog.jsonb_agg(a) from public.t where id between $1 and $2',
    ],
    ['not one row for each', 'insert into public.n select own(a order by a) from public.t where id between $1 and $2'],
    [
      'not one row for each',
      'insert into public.n select id, row_number() over (order by id) from public.t where id between $1 and $2',
    ],
    ['not one row for each', 'insert into public.n select json_arrayagg(a) from public.t where id between $1 and $2'],
    ['not one row for each', 'insert into public.n values ($1, $2)'],
    [
      'second statement that writes',
      'with d as (delete from public.b) update public.t set a = 1 where id between $1 and $2',
    ],
  ])('is refused where it %s: %s', async (why, text) => {
    const problems = await problemsOf(files(text));
    expect(problems, problems.join('\n')).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^RULE_BATCHED .*${why}`));
  });

  test('needs a tier that says so, in transactions of their own, and a tier that says so needs one', async () => {
    const text = 'update public.t set a = 1 where id between $1 and $2';
    expect(await problemsOf(files(text, { says: 'transaction: each' }))).toEqual([
      expect.stringContaining('RULE_BATCHED a statement with parameters runs in batches, but the tier does not say'),
    ]);
    expect(await problemsOf(files(text, { says: 'batched: { by: id }' }))).toEqual([
      'RULE_BATCHED tier 1-first says `batched` and `transaction: single`',
    ]);
    const outside = 'create index concurrently t_a on public.t (a)';
    expect(
      await problemsOf(
        files(outside, {
          says: 'transaction: outside\n    batched: { by: id }',
          down: 'drop index concurrently public.t_a',
        }),
      ),
    ).toEqual(['RULE_BATCHED tier 1-first says `batched` and `transaction: outside`']);
    expect(await problemsOf(files('select 1', { down: text }))).toEqual([
      expect.stringContaining('no statement of its up.sql has bounds'),
    ]);
    expect(await problemsOf(files(text, { says: 'transaction: each\n    batched: { by: id, rows: 0 }' }))).toEqual([
      expect.stringContaining('expected 1 to 1000000 rows'),
    ]);
  });

  test('is sealed with its table and its bounds, and its title says so; parameters of a function are its own', async () => {
    const up = `update public."T" set a = 1 where id between $1 and $2;
create function public.f(integer) returns integer language sql begin atomic select $1; end`;
    await withFolder(
      files(up, { down: 'select 1;\ndelete from public.n where id between $1 and $2' }),
      async (folder) => {
        await sealRelease(folder);
        const { release, seal } = await readSealed(folder);
        const [tier] = release.tiers;
        const tables = { up: [{ schema: 'public', table: 'T' }, null], down: [null, { schema: 'public', table: 'n' }] };
        expect(tier?.batched).toEqual({ by: 'id', rows: 500, ...tables });
        expect(tier?.up[0]?.title).toMatch(/ in batches of 500 by id$/);
        const document = sealDocument(release) as Json;
        expect(releaseOfSeal(document)).toMatchObject({ seal, release: { tiers: [{ batched: tier?.batched }] } });
        expect(tier && batchOf(tier, 'down', 2)).toEqual({ schema: 'public', table: 'n', by: 'id', rows: 500 });
        expect(tier && batchOf(tier, 'down', 1)).toBeNull();
      },
    );
  });

  test('is proposed where a statement changes every row, and nowhere else', async () => {
    const parser = await loadParser();
    const hints = (up: string, says = 'transaction: each'): Promise<readonly string[]> =>
      withFolder(files(up, { says }), async (folder) => {
        const { release } = await lintRelease(folder);
        return release === null ? [] : hintBatches(release, parser);
      });
    expect(await hints('update public.t set a = 1;\ndelete from n')).toEqual([
      expect.stringMatching(/^tiers\/1-first\/up\.sql:1: every row of public\.t stays locked until tier 1-first/),
      expect.stringMatching(/^tiers\/1-first\/up\.sql:2: every row of n /),
    ]);
    expect(await hints('update public.t set a = 1 where id = 3;\ninsert into public.t values (1)')).toEqual([]);
    expect(await hints('delete from public.n;\nupdate public.t set a = 1 where id between $1 and $2', batched)).toEqual(
      [],
    );
  });
});
