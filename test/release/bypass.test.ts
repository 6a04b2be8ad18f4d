import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintRelease, sealRelease } from '../../src/release/index.ts';
import { count } from '../counts.ts';
import { sound, withFolder } from './folder.io.ts';

const manifest = sound['release.yaml'] ?? '';
const up = (text: string): Readonly<Record<string, string>> => ({ ...sound, 'tiers/1-first/up.sql': text });
const codesOf = (files: Readonly<Record<string, string>>): Promise<readonly string[]> =>
  withFolder(files, async (folder) => (await lintRelease(folder)).problems.map(({ code }) => code));

describe('a rule cannot be passed by another way to say the same', () => {
  test.each([
    ['RULE_CLUSTER', "alter database x set work_mem = '1GB'"],
    ['RULE_CLUSTER', 'alter database x rename to y'],
    ['RULE_CLUSTER', 'alter database x owner to y'],
    ['RULE_CLUSTER', 'alter role x rename to y'],
    ['RULE_CLUSTER', "comment on role x is 'y'"],
    ['RULE_CLUSTER', 'grant connect on database x to y'],
    ['RULE_CLUSTER', 'alter tablespace x rename to y'],
    ['RULE_CLUSTER', 'alter tablespace x set (random_page_cost = 1)'],
    ['RULE_CLUSTER', 'alter table all in tablespace a set tablespace b'],
    ['RULE_CLUSTER', 'reassign owned by x to y'],
    ['RULE_CLUSTER', 'drop owned by x'],
    ['RULE_CLUSTER', 'checkpoint'],
    ['RULE_SESSION', "update pg_settings set setting = '0' where name = 'lock_timeout'"],
    ['RULE_SESSION', 'deallocate all'],
    ['RULE_SESSION', 'declare c cursor with hold for select 1'],
    ['RULE_DISPATCH', 'import foreign schema a from server b into c'],
    ['RULE_DISPATCH', 'create rule r as on insert to t do also notify a'],
    ['RULE_DISPATCH', "select cron.schedule('a', '* * * * *', 'drop table t')"],
    ['RULE_DISPATCH', "do $$ begin execute 'notify a'; end $$"],
    ['RULE_TRANSACTION', "do $$ declare r record; begin for r in execute 'commit' loop null; end loop; end $$"],
    [
      'RULE_DISPATCH',
      `create function f() returns void language U&"pl\\0070gsql" as $$ begin perform pg_notify('a', 'b'); end $$`,
    ],
    ['RULE_CASCADE', 'revoke select on t from x cascade'],
    ['RULE_CASCADE', 'alter domain d drop constraint c cascade'],
    ['RULE_NOT_VALID', 'alter table a add check (i > 0) not valid'],
    [
      'RULE_NOT_VALID',
      `alter table a add constraint c check (i > 0) not valid; alter table b add constraint c check (i > 0) not valid;
       alter table b validate constraint c`,
    ],
    ['SQL_NOT_ANALYSED', 'do language plperl $$ spi_exec_query("notify a") $$'],
    ['SQL_NOT_ANALYSED', "create function f() returns void language 'PLPGSQL' as 'begin end'"],
    ['SQL_COPY_INLINE', 'copy t from stdin;\n1\n\\.\n'],
    ['SQL_META_COMMAND', 'select 1 \\gexec'],
    ['SQL_SYNTAX', 'select a::;'],
  ])('%s: %s', async (code, text) => {
    expect(await codesOf(up(text))).toContain(code);
  });

  test.each([
    ['with allows.dispatch, set_config()', "select set_config('lock_timeout', '0', false)", 'RULE_SESSION'],
    ['with allows.dispatch, COMMIT in EXECUTE', "do $$ begin execute 'commit'; end $$", 'RULE_TRANSACTION'],
  ])('%s is still refused', async (_, text, code) => {
    const files = { ...up(text), 'release.yaml': `${manifest}allows: { dispatch: the outbox is read by a relay }\n` };
    expect(await codesOf(files)).toEqual([code]);
  });
});

describe('what is harmless is not refused', () => {
  test.each([
    ["do $$ declare x text := 'begin'; y integer[]; begin x := x || 'commit'; y[1] := 2; y[2] = 3; end $$"],
    [
      'do $$ begin for i in 1..3 loop case i when 1 then continue; else null; end case; exit when i > 2; end loop; end $$',
    ],
    ['do $$ declare c cursor (n integer) for select n; r record; begin open c(1); fetch c into r; close c; end $$'],
    [
      `create function f() returns trigger language plpgsql as $$ begin new.i := coalesce(new.i, 0) + 1;
       if tg_op = 'UPDATE' then raise exception 'no %', new.i using errcode = '23514'; end if;
       get diagnostics new.i = row_count; return new; exception when others then return old; end $$`,
    ],
    ["do $$ begin execute format('drop table if exists %I', 'x'); end $$"],
    ['create function f() returns integer language sql begin atomic select 1; end'],
    ['alter domain d add constraint c check (value > 0) not valid; alter domain d validate constraint c'],
    ['alter table public.a add constraint c check (i > 0) not valid; alter table a validate constraint c'],
  ])('%s', async (text) => {
    expect(await codesOf(up(text))).toEqual([]);
  });

  test('a constraint may be validated by a later tier', async () => {
    expect(
      await codesOf({
        ...up('alter table a add constraint c check (i > 0) not valid'),
        'release.yaml': manifest.replace(
          'gates:',
          '  - { id: 2-validate, title: Validate, oneWay: nothing to undo }\ngates:',
        ),
        'tiers/2-validate/up.sql': 'alter table a validate constraint c',
      }),
    ).toEqual([]);
  });
});

test('ten thousand statements have exact places, and are read in seconds', async () => {
  const text = `${"select 'é';\n".repeat(10_000)}  selec 1`;
  const { problems } = await withFolder(up(text), lintRelease);
  expect(problems).toMatchObject([{ code: 'SQL_SYNTAX', place: { line: 10_001, column: 3 } }]);
  await withFolder(up(text.replace('selec 1', 'select 1')), async (folder) => {
    const { release } = await lintRelease(folder);
    expect(release?.tiers[0]?.up.at(-1)).toMatchObject({ sql: 'select 1', place: { line: 10_001, column: 3 } });
  });
}, 20_000);

test('a character that PostgreSQL counts to a name is not trimmed from the end of a statement', async () => {
  const { release } = await withFolder(up('create table t\u00a0 (i integer); drop table t\u00a0 ;'), lintRelease);
  expect(release?.tiers[0]?.up.at(-1)?.sql).toBe('drop table t\u00a0');
});

test('a change of any one character of a statement changes the seal, or is refused', {
  timeout: 60_000 + count('sealChanges') * 500,
}, async () => {
  const sealOf = (files: Readonly<Record<string, string>>): Promise<string> =>
    withFolder(files, async (folder) => (await sealRelease(folder)).seal).catch((error: Error) => error.name);
  const before = await sealOf(sound);
  const first = 'create table t (i integer)';
  await fc.assert(
    fc.asyncProperty(
      fc.nat(first.length - 1),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      async (at, to) => {
        fc.pre(to !== first[at]);
        const text = (sound['tiers/1-first/up.sql'] ?? '').replace(
          first,
          () => first.slice(0, at) + to + first.slice(at + 1),
        );
        expect(await sealOf(up(text))).not.toBe(before);
      },
    ),
    { numRuns: count('sealChanges') },
  );
});

test('hostile text in any file ends in problems, never in a crash', {
  timeout: 60_000 + count('hostileFiles') * 500,
}, async () => {
  const files = fc.constantFrom('release.yaml', 'tiers/1-first/up.sql', 'tiers/1-first/down.sql', 'metrics/rows.sql');
  await fc.assert(
    fc.asyncProperty(files, fc.string({ unit: 'binary', maxLength: 60 }), async (file, text) => {
      const { release, problems } = await withFolder({ ...sound, [file]: text }, lintRelease);
      expect(release === null).toBe(problems.length > 0);
    }),
    { numRuns: count('hostileFiles') },
  );
});
