import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isTouched, lintRelease, readSealed, sealRelease } from '../../src/release/index.ts';
import { sound, withFolder } from './folder.io.ts';

const manifest = sound['release.yaml'] ?? '';
const codesOf = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<readonly string[]> =>
  withFolder(files, async (folder) => (await lintRelease(folder)).problems.map(({ code }) => code));
const up = (text: string, more: Readonly<Record<string, string>> = {}) => ({
  ...sound,
  'tiers/1-first/up.sql': text,
  ...more,
});

describe('a release', () => {
  test('that is sound has no problems', async () => {
    expect(await codesOf(sound)).toEqual([]);
  });

  test.each<readonly [string, Readonly<Record<string, string | Uint8Array>>]>([
    ['RELEASE_NO_MANIFEST', {}],
    ['FILE_NOT_TEXT', { ...sound, 'metrics/rows.sql': new Uint8Array([0x73, 0xff, 0xfe]) }],
    ['FILE_NOT_TEXT', up('select 1;\0')],
    ['FILE_TOO_LARGE', up(`-- ${'x'.repeat(17 * 1024 * 1024)}`)],
    ['YAML_SYNTAX', { ...sound, 'release.yaml': 'format: 1\n\tname: tab\n' }],
    ['YAML_SYNTAX', { ...sound, 'release.yaml': `${manifest}title: Twice\n` }],
    ['YAML_INVALID', { ...sound, 'release.yaml': `${manifest}unknown: 1\n` }],
    [
      'TIER_NUMBERING',
      { ...sound, 'release.yaml': `${manifest.replaceAll('1-first', '2-first')}`, 'tiers/2-first/up.sql': 'select 1' },
    ],
    ['TIER_MISSING', { 'release.yaml': manifest, 'metrics/rows.sql': 'select 1' }],
    ['TIER_UNLISTED', { ...sound, 'tiers/2-second/up.sql': 'select 1' }],
    ['DOWN_MISSING', Object.fromEntries(Object.entries(sound).filter(([path]) => !path.endsWith('down.sql')))],
    ['STEPS_MISSING', { ...sound, 'tiers/1-first/down.sql': '-- nothing to do\n' }],
    ['STEPS_MISSING', up('')],
    ['FILE_MISSING', Object.fromEntries(Object.entries(sound).filter(([path]) => path !== 'metrics/rows.sql'))],
    ['FILE_UNUSED', { ...sound, 'notes.txt': 'hello' }],
    ['NAME_UNKNOWN', { ...sound, 'release.yaml': manifest.replace('metric: rows', 'metric: other') }],
    ['NAME_UNKNOWN', { ...sound, 'release.yaml': manifest.replace('before: 1-first', 'before: 9-none') }],
    [
      'NAME_TWICE',
      {
        ...sound,
        'release.yaml': `${manifest}  - { id: ready, title: Again, metric: rows, atLeast: 1, before: 1-first }\n`,
      },
    ],
    ['SQL_SYNTAX', up('create tabel t (i integer);')],
    ['SQL_META_COMMAND', up('\\connect other\nselect 1;')],
    ['SQL_META_COMMAND', up('insert into t values (:value);')],
    ['SQL_COPY_INLINE', up('copy t from stdin;')],
    ['SQL_NOT_ANALYSED', up(`select ${'('.repeat(60_000)}1${')'.repeat(60_000)};`)],
    ['RULE_TRANSACTION', up('begin; create table t (i integer); commit; select 1;')],
    ['RULE_TRANSACTION', up('begin; create table t (i integer); commit; begin; select 1; commit;')],
    ['RULE_TRANSACTION', up('begin isolation level serializable; create table t (i integer); commit;')],
    ['RULE_TRANSACTION', up('begin; create table t (i integer); rollback;')],
    [
      'RULE_TRANSACTION',
      up('begin; create table t (i integer); commit;', {
        'release.yaml': manifest.replace('title: First', 'title: First\n    transaction: each'),
      }),
    ],
    ['RULE_TRANSACTION', up("prepare transaction 'x';")],
    ['RULE_TRANSACTION', up('do $$ begin commit; end $$;')],
    ['RULE_SESSION', up('set role postgres;')],
    ['RULE_SESSION', up('set session authorization postgres;')],
    ['RULE_SESSION', up("set lock_timeout = '1h';")],
    ['RULE_SESSION', up("set timezone = 'Europe/Berlin';")],
    ['RULE_SESSION', up('discard all;')],
    ['RULE_SESSION', up("select set_config('lock_timeout', '0', false);")],
    ['RULE_CLUSTER', up("alter system set work_mem = '1GB';")],
    ['RULE_CLUSTER', up('create role r;')],
    ['RULE_CLUSTER', up('drop database other;')],
    ['RULE_DISPATCH', up("copy t from program 'curl evil';")],
    ['RULE_DISPATCH', up("copy t to '/tmp/x';")],
    ['RULE_DISPATCH', up("notify channel, 'text';")],
    ['RULE_DISPATCH', up("select pg_notify('a', 'b');")],
    ['RULE_DISPATCH', up("select public.dblink_exec('x', 'drop table t');")],
    ['RULE_DISPATCH', up("do $$ begin perform pg_notify('a', 'b'); end $$;")],
    [
      'RULE_DISPATCH',
      up("create function f() returns void language plpgsql as $$ begin perform dblink('x', 'y'); end $$;"),
    ],
    ['RULE_CASCADE', up('drop type colour cascade;')],
    ['RULE_CASCADE', up('truncate t cascade;')],
    ['RULE_CASCADE', up('alter table t drop column i cascade;')],
    ['RULE_DEFINER', up("create function f() returns integer language sql security definer as 'select 1';")],
    ['RULE_DEFINER', up('alter function f() security definer;')],
    ['RULE_LANGUAGE', up("create function f() returns integer language plperlu as 'return 1';")],
    ['RULE_CONCURRENTLY', up('create index concurrently t_i on t (i);')],
    ['RULE_CONCURRENTLY', up('vacuum t;')],
    [
      'RULE_CONCURRENTLY',
      {
        ...up('create index concurrently if not exists t_i on t (i);'),
        'release.yaml': manifest.replace('title: First', 'title: First\n    transaction: each'),
      },
    ],
    ['RULE_ENUM_USED', up("alter type colour add value 'red'; insert into t values ('red'::colour);")],
    ['RULE_ENUM_USED', up("alter type public.colour add value 'red'; select cast('red' as colour);")],
    ['RULE_SETTING', up(`select current_setting('app.mode');`)],
    ['RULE_SETTING', up(`select current_setting('app.' || 'mode', true);`)],
    ['RULE_SETTING', up(`select pg_catalog.current_setting(relname::text) from pg_class;`)],
    ['RULE_SETTING', up(`do $$ begin if current_setting('app.mode', true) = 'x' then delete from t; end if; end $$;`)],
    ['RULE_SETTING', up(`create view w as select current_setting('App.Mode'::text, true) as m;`)],
    [
      'RULE_SETTING',
      up(`create function w() returns text language sql begin atomic select current_setting('app.mode'); end;`),
    ],
    ['RULE_SETTING', up('show app.mode;')],
    ['RULE_NOT_VALID', up('alter table t add constraint c check (i > 0) not valid;')],
    ['RULE_NOT_VALID', up('alter table t add constraint c check (i > 0) not valid; drop table other;')],
    ['QUERY_NOT_SELECT', { ...sound, 'metrics/rows.sql': 'delete from t' }],
    ['QUERY_NOT_SELECT', { ...sound, 'metrics/rows.sql': 'select 1; select 2' }],
    ['QUERY_WRITES', { ...sound, 'metrics/rows.sql': "select nextval('s')" }],
    ['QUERY_WRITES', { ...sound, 'metrics/rows.sql': 'with d as (delete from t returning 1) select count(*) from d' }],
    ['QUERY_WRITES', { ...sound, 'metrics/rows.sql': 'select count(*) from (select 1 from t for update) x' }],
    ['QUERY_WRITES', { ...sound, 'tiers/1-first/check.sql': 'select i into other from t' }],
  ])('is refused with %s', async (code, files) => {
    expect(await codesOf(files)).toContain(code);
  });

  test('that is not a folder, or leads out of it by a link, is refused', async () => {
    await withFolder(sound, async (folder) => {
      expect((await lintRelease(join(folder, 'release.yaml'))).problems[0]?.code).toBe('RELEASE_NOT_A_FOLDER');
      expect((await lintRelease(join(folder, 'absent'))).problems[0]?.code).toBe('RELEASE_NOT_A_FOLDER');
      symlinkSync('/etc/passwd', join(folder, 'tiers/1-first/check.sql'));
      expect((await lintRelease(folder)).problems[0]?.code).toBe('FILE_OUTSIDE');
    });
  });

  test.each([
    ['BEGIN and COMMIT around the whole file', 'begin;\ncreate table t (i integer);\ncommit;'],
    ['START TRANSACTION and END around the whole file', 'start transaction; create table t (i integer); end;'],
    ['a text that is like a new label', "alter type colour add value 'red'; insert into t (note) values ('red');"],
    [
      'a label of a type that it makes',
      "create type c2 as enum ('a'); alter type c2 add value 'red'; select 'red'::c2;",
    ],
    ['NOT ENFORCED', 'alter table t add constraint c check (i > 0) not enforced;'],
    [
      'NOT VALID that is dropped again',
      'alter table t add constraint c check (i > 0) not valid; alter table t drop constraint c;',
    ],
    [
      'NOT VALID of a table that is dropped again',
      'alter table t add constraint c check (i > 0) not valid; drop table public.t;',
    ],
  ])('may hold %s', async (_, text) => {
    expect(await codesOf(up(text))).toEqual([]);
  });

  test.each([
    ['notValid', 'alter table t add constraint c check (i > 0) not valid;'],
    ['emptyUp', '-- what was done by hand before\n'],
  ])('may say under allows.%s why', async (what, text) => {
    expect(await codesOf(up(text, { 'release.yaml': `${manifest}allows: { ${what}: it waits }\n` }))).toEqual([]);
  });

  test('needs no statement back where its up may be empty and is', async () => {
    const nothing = { ...up('-- done by hand\n'), 'tiers/1-first/down.sql': '-- nothing\n' };
    const declared = { 'release.yaml': `${manifest}allows: { emptyUp: it is done }\n` };
    expect(await codesOf({ ...nothing, ...declared })).toEqual([]);
    // an up that does something has a rollback that does something
    expect(await codesOf({ ...sound, ...declared, 'tiers/1-first/down.sql': '-- nothing\n' })).toEqual([
      'STEPS_MISSING',
    ]);
    await withFolder(nothing, async (folder) => {
      const { problems } = await lintRelease(folder);
      expect(problems.map(({ code, place }) => [code, place?.file])).toEqual([
        ['STEPS_MISSING', 'tiers/1-first/up.sql'],
        ['STEPS_MISSING', 'tiers/1-first/down.sql'],
      ]);
    });
  });

  test('may name tables that need quotes in what it touches', async () => {
    const touches = (text: string) => ({ ...sound, 'release.yaml': manifest.replace('[public.t]', text) });
    expect(await codesOf(touches(`['"my.app"."a b"', 'public.t']`))).toEqual([]);
    expect(await codesOf(touches(`['my app.t']`))).toContain('YAML_INVALID');
    expect(isTouched(['my.app', 'a b'], ['"my.app"."a b"'])).toBe(true);
    expect(isTouched(['my.app', 'a b'], ['"my.app"."a"*'])).toBe(true);
    expect(isTouched(['my', 'app'], ['"my.app"."a b"'])).toBe(false);
  });

  test('names tables that may gain partitions as SQL does, once each, and nothing else', async () => {
    const expecting = (text: string) => ({ ...sound, 'release.yaml': `${manifest}expects: ${text}\n` });
    for (const names of ['app.events', `'"My app"."a.b"'`, 'app.a, app.b'])
      expect(await codesOf(expecting(`{ partitionsOf: [${names}] }`)), names).toEqual([]);
    for (const wrong of [
      ...['events', 'app.Events', 'app.*', `'app.events; drop'`, 'a.b.c', '', 'app.a, app.a'].map(
        (names) => `{ partitionsOf: [${names}] }`,
      ),
      '{ partitionsOf: app.events }',
      '{}',
      '{ tables: [app.events] }',
    ])
      expect(await codesOf(expecting(wrong)), wrong).toContain('YAML_INVALID');
  });

  test('may say why it cascades, and is then not refused for it', async () => {
    const allowed = { 'release.yaml': `${manifest}allows: { cascade: the type has one user }\n` };
    expect(await codesOf(up('drop type if exists colour cascade;', allowed))).toEqual([]);
  });

  test('reports every problem at once, with line and column', async () => {
    const files = up('create table t (i integer);\n  selec 1;', {
      'release.yaml': `${manifest}unknown: 1\nreviews: 7\n`,
    });
    await withFolder(files, async (folder) => {
      const { problems } = await lintRelease(folder);
      expect(problems.map(({ code, place }) => [code, place?.line, place?.column])).toEqual([
        ['YAML_INVALID', 16, 1],
        ['YAML_INVALID', 17, 1],
        ['SQL_SYNTAX', 2, 3],
      ]);
      // a review that is part of a release would change what it reviews
      expect(problems[1]?.fix).toContain('oneroof review RELEASE --finding agrees --text-file FILE');
    });
    await withFolder(up('create table é (i integer);\n  selec 1;'), async (folder) => {
      const { problems } = await lintRelease(folder);
      expect(problems).toMatchObject([
        { code: 'SQL_SYNTAX', place: { file: 'tiers/1-first/up.sql', line: 2, column: 3 }, excerpt: '  selec 1;' },
      ]);
    });
  });
});

describe('what cannot be read', () => {
  const found = (text: string, more: Readonly<Record<string, string>> = {}): Promise<readonly (readonly unknown[])[]> =>
    withFolder(up(text, more), async (folder) =>
      (await lintRelease(folder)).problems.map(({ code, place, excerpt }) => [
        code,
        `${place?.line}:${place?.column}`,
        excerpt,
      ]),
    );

  test('of a dump is each command of psql, each COPY with its data, and what the rules refuse beside them', async () => {
    const dump = String.raw`\restrict abcDEF123

SET statement_timeout = 0;
CREATE TABLE public.n (id integer NOT NULL);
COPY public.n (id) FROM stdin;
1	it's "one"
2	$$ \x
\.

SELECT 1 \gexec
DROP TABLE public.n CASCADE;
insert into public.n values (:one), (:'two');
\unrestrict abcDEF123
`;
    expect(await found(dump)).toEqual([
      ['SQL_META_COMMAND', '1:1', String.raw`\restrict abcDEF123`],
      ['RULE_SESSION', '3:1', 'SET statement_timeout = 0;'],
      ['SQL_COPY_INLINE', '5:1', 'COPY public.n (id) FROM stdin;'],
      ['SQL_META_COMMAND', '10:10', String.raw`SELECT 1 \gexec`],
      ['RULE_CASCADE', '11:1', 'DROP TABLE public.n CASCADE;'],
      ['SQL_META_COMMAND', '12:30', "insert into public.n values (:one), (:'two');"],
      ['SQL_META_COMMAND', '12:38', "insert into public.n values (:one), (:'two');"],
      ['SQL_META_COMMAND', '13:1', String.raw`\unrestrict abcDEF123`],
    ]);
  });

  test.each([
    ['create table a (i int)\ncreate table b (i int);', ['1:23'], /begins in line 1 has no semicolon/],
    [
      'create table a (i int) -- why; because\n\n  insert into a values (1)\nupdate a set i = 2;',
      ['1:23', '3:27'],
      /line 3/,
    ],
    ['alter table t add column a int\n, add column b int\nalter table t drop column c;', ['2:19'], /begins in line 1/],
    ["select f('é')\ninsert into t values (1);", ['1:14'], /before line 2/],
  ])('is a statement without its semicolon: %j', async (text, places, says) => {
    await withFolder(up(text), async (folder) => {
      const { problems } = await lintRelease(folder);
      expect(problems.map(({ place }) => `${place?.line}:${place?.column}`)).toEqual(places);
      expect(problems.every(({ code, fix }) => code === 'SQL_SYNTAX' && fix === 'write a semicolon here')).toBe(true);
      expect(problems.at(-1)?.problem).toMatch(says);
    });
  });

  test('is a word that is wrong, where no semicolon is missing, and every one of the file', async () => {
    expect(await found('GRANT SELECT ON t TO a\nWITH GRANT OPTIN;\n\tselct 1;\ncreate view v as\nselec 1;')).toEqual([
      ['SQL_SYNTAX', '2:12', 'WITH GRANT OPTIN;'],
      ['SQL_SYNTAX', '3:2', '\tselct 1;'],
      ['SQL_SYNTAX', '5:1', 'selec 1;'],
    ]);
    expect(await found("create table é (n text default '😀'); inser into t values (1);")).toEqual([
      ['SQL_SYNTAX', '1:38', "create table é (n text default '😀'); inser into t values (1);"],
    ]);
    expect(await found('create table t (i int\n\n')).toEqual([['SQL_SYNTAX', '1:22', 'create table t (i int']]);
    expect(await found('select 1;\n/* never closed')).toEqual([['SQL_SYNTAX', '2:1', '/* never closed']]);
  });

  test('does not end at a semicolon within a body, a quote or parentheses', async () => {
    const body = `create function f() returns integer begin atomic select case when true then 1 else 2 end; select 3; end;
create function g() returns integer language plpgsql as $f$ begin return ';'; end $f$;
create rule r as on insert to t do also (delete from t; delete from t);
select E'it\\'s; \\\\', U&'\\0041', "a;""b";
selct;`;
    expect((await found(body)).filter(([code]) => code === 'SQL_SYNTAX')).toEqual([['SQL_SYNTAX', '5:1', 'selct;']]);
  });

  test('is told of all files at once', async () => {
    const files = { 'tiers/1-first/down.sql': '\\i other.sql\n', 'metrics/rows.sql': 'selct 1' };
    await withFolder(up('drop table x cascade;', files), async (folder) => {
      const { problems } = await lintRelease(folder);
      expect(problems.map(({ code, place }) => [code, place?.file])).toEqual([
        ['RULE_CASCADE', 'tiers/1-first/up.sql'],
        ['SQL_META_COMMAND', 'tiers/1-first/down.sql'],
        ['SQL_SYNTAX', 'metrics/rows.sql'],
      ]);
    });
  });

  test('has its caret below the statement that a rule refuses', async () => {
    expect(await found('select 1;\n      drop table old cascade;\nselect 1; drop table other cascade;')).toEqual([
      ['RULE_CASCADE', '2:7', '      drop table old cascade;'],
      ['RULE_CASCADE', '3:11', 'select 1; drop table other cascade;'],
    ]);
  });
});

describe('a seal', () => {
  const sealOf = async (files: Readonly<Record<string, string>>): Promise<string> =>
    withFolder(files, async (folder) => (await sealRelease(folder)).seal);

  test('does not depend on line ends, a byte order mark, comments in YAML or where the folder is', async () => {
    const other = Object.fromEntries(
      Object.entries(sound).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]),
    );
    const seal = await sealOf(sound);
    expect(await sealOf(other)).toBe(seal);
    expect(await sealOf({ ...sound, 'release.yaml': `\uFEFF# a comment\n${manifest}` })).toBe(seal);
  });

  test('changes with every statement, metric and setting', async () => {
    const seals = await Promise.all([
      sealOf(sound),
      sealOf(up('create table t (i integer); insert into t values (2);')),
      sealOf({ ...sound, 'tiers/1-first/down.sql': 'drop table t;' }),
      sealOf({ ...sound, 'metrics/rows.sql': 'select count(*) + 0 from t' }),
      sealOf({ ...sound, 'release.yaml': `${manifest}settings: { lockTimeout: 3s }\n` }),
      sealOf({ ...sound, 'release.yaml': manifest.replace('atLeast: 1, before', 'atLeast: 2, before') }),
    ]);
    expect(new Set(seals).size).toBe(seals.length);
  });

  test('that is missing, not readable or no longer true is an error, and says what has changed', async () => {
    await withFolder(sound, async (folder) => {
      await expect(readSealed(folder)).rejects.toMatchObject({ code: 'SEAL_MISSING' });
      await sealRelease(folder);
      expect((await readSealed(folder)).release.tiers[0]?.up.map(({ sql }) => sql)).toEqual([
        'create table t (i integer)',
        'insert into t values (1)',
      ]);
      writeFileSync(join(folder, 'tiers/1-first/down.sql'), 'drop table t;');
      await expect(readSealed(folder)).rejects.toMatchObject({
        code: 'SEAL_BROKEN',
        message: expect.stringContaining('tiers.0.down'),
      });
      writeFileSync(join(folder, 'seal.json'), '{');
      await expect(readSealed(folder)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    });
    await withFolder(sound, async (folder) => {
      mkdirSync(join(folder, 'seal.json'));
      await expect(readSealed(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    });
  });
});
