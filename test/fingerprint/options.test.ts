import { expect, test } from 'vitest';
import { type Connection, type Session } from '../../src/database/index.ts';
import { captureSchema, compareSchemas, explainNoticed, schemaDigestSql } from '../../src/fingerprint/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { stamping } from './stamped.sql.ts';

const setup = [
  'create table public.t (id integer primary key, a text, b integer) with (fillfactor = 70, toast.autovacuum_enabled = off)',
  'alter table public.t alter a set (n_distinct = 5)',
  'create table public.plain (id integer, a text)',
  'create table public.parts (id integer, label text) partition by range (id)',
  'create table public.part partition of public.parts default',
  'create view public.v as select id, a from public.t',
  'create materialized view public.m as select id, a from public.t',
  'create type public.pair as (x integer, y text)',
  `create index wide on public.t (a, (b + 1)) with (fillfactor = 50) where a <> 'q pg_next=''1'''`,
  'create index bare on public.t (b)',
  'create foreign data wrapper w',
  `create server s foreign data wrapper w options (host 'h')`,
  `create foreign table public.f (a text options (c 'x'), b text) server s options (t 'x')`,
  `create user mapping for public server s options (u 'x')`,
  `create function public.g() returns integer language sql set work_mem = '1MB' as 'select 1'`,
  'create text search dictionary public.d (template = simple, accept = true)',
  `do $$ begin execute format('alter database %I set work_mem = ''2MB''', current_database()); end $$`,
];

/** What a catalogue holds, after a change that only a superuser who is not careful can make: it stands in for the server. */
async function changed(session: Session, statement: string) {
  await session.run('begin');
  await session.run('set local allow_system_table_mods = on');
  const { rows } = await session.run(statement);
  const found = { rows, schema: await captureSchema(session), gate: await gateDigest(session) };
  await session.run('rollback');
  return found;
}

async function gateDigest(session: Session): Promise<string> {
  await session.run('set search_path = pg_catalog, pg_temp');
  const [row] = await session.query<{ digest: string }>({
    text: `select ${schemaDigestSql(session.serverVersion)} as digest`,
    values: [],
  });
  return row?.digest ?? '';
}

function withSetup(version: (typeof versions)[number], use: (session: Session) => Promise<void>): Promise<void> {
  return withDatabase(version, async (connection: Connection) => {
    await runSql(connection, setup);
    await withSession(connection, use);
  });
}

const before = (option: string, list: string): string => `array['${option}'] || coalesce(${list}, '{}')`;

/** Each kind of relation whose columns have options, as their second column is named. */
const columns = [
  'public.t.a',
  'public.plain.a',
  'public.parts.label',
  'public.v.a',
  'public.m.a',
  'public.f.b',
  'public.pair.y',
  'pg_catalog.pg_tables.tablename',
  'pg_catalog.pg_class.relname',
];
const relationsOf = columns.map((name) => `'${name.split('.').slice(0, 2).join('.')}'::regclass`).join(', ');
const ofColumns = (list: string): string =>
  `update pg_attribute set attoptions = ${list} where attrelid in (${relationsOf}) and attnum = 2`;

test.each(versions)('on %s an option of a column that the server keeps for itself is in no digest', async (version) => {
  await withSetup(version, async (session) => {
    const was = { schema: await captureSchema(session), gate: await gateDigest(session) };
    expect(was.schema.noticed).toEqual([]);
    for (const option of ['pg_attver', 'pg_next', 'next']) {
      const now = await changed(session, ofColumns(before(`${option}=17`, 'attoptions')));
      expect(now.rows).toBe(columns.length);
      expect(compareSchemas(was.schema, now.schema)).toEqual([]);
      expect([now.schema.digest, now.schema.logicalDigest, now.gate]).toEqual([
        was.schema.digest,
        was.schema.logicalDigest,
        was.gate,
      ]);
      const unknown = { kind: 'column', option, count: String(columns.length), first: 'pg_catalog.pg_class.relname' };
      expect(now.schema.noticed).toEqual(option === 'pg_attver' ? [] : [unknown]);
    }
    // the author's option is seen beside the server's, and shown without them
    const chosen = await changed(session, ofColumns(`array['pg_attver=17', 'n_distinct=7', 'next=1']`));
    const found = compareSchemas(was.schema, chosen.schema);
    // the text of system views is not read
    expect(found.map(({ name }) => name).toSorted()).toEqual(
      [...columns.filter((name) => name.startsWith('public.')), 'pg_attribute'].toSorted(),
    );
    for (const { kind, property, after } of found.filter(({ name }) => name !== 'pg_attribute'))
      expect({ kind, property, after }).toEqual({ kind: 'column', property: 'options', after: ['n_distinct=7'] });
    expect(chosen.gate).not.toBe(was.gate);
  });
});

/** Each kind of relation with options, with others and without. */
const relations = [
  ...['t', 'plain', 'parts', 'v', 'm', 'wide', 'bare', 'f'].map((name) => `'public.${name}'::regclass`),
  `'pg_catalog.pg_proc'::regclass`,
  ...['t', 'plain'].map((name) => `(select reltoastrelid from pg_class where oid = 'public.${name}'::regclass)`),
];
const ofRelations = (option: string): string =>
  `update pg_class set reloptions = ${before(option, 'reloptions')} where oid in (${relations.join(', ')})`;

test.each(versions)('on %s a reserved option of a relation is in no digest, and any other is', async (version) => {
  await withSetup(version, async (session) => {
    const was = { schema: await captureSchema(session), gate: await gateDigest(session) };
    for (const value of ['1', 'plain', `it''s, (x)\\`]) {
      const now = await changed(session, ofRelations(`pg_next=${value}`));
      expect(now.rows).toBe(relations.length);
      expect(compareSchemas(was.schema, now.schema)).toEqual([]);
      expect([now.schema.digest, now.gate]).toEqual([was.schema.digest, was.gate]);
      const option = 'pg_next';
      expect(now.schema.noticed).toEqual([
        { kind: 'foreign table', option, count: '1', first: 'public.f' },
        { kind: 'index', option, count: '2', first: 'public.bare' },
        { kind: 'materialized view', option, count: '1', first: 'public.m' },
        { kind: 'table', option, count: '6', first: 'pg_catalog.pg_proc' },
        { kind: 'view', option, count: '1', first: 'public.v' },
      ]);
    }
    // an extension's option is an author's choice, and no list has them all
    const other = compareSchemas(was.schema, (await changed(session, ofRelations('page=1'))).schema);
    expect(other.map(({ name, property }) => `${name} ${property}`).toSorted()).toEqual([
      'pg_class rows',
      'public.bare definition',
      'public.f options',
      'public.m options',
      'public.parts options',
      'public.plain options',
      'public.plain toastOptions',
      'public.t options',
      'public.t toastOptions',
      'public.v options',
      'public.wide definition',
    ]);
    const index = was.schema.objects.find(({ kind, name }) => kind === 'index' && name === 'public.wide');
    expect(index?.logical['definition']).toContain(`WITH (fillfactor='50') WHERE (a <> 'q pg_next=''1'''::text)`);
  });
});

test.each(versions)('on %s options that other programs read are compared whatever their names', async (version) => {
  await withSetup(version, async (session) => {
    const { digest } = await captureSchema(session);
    const silent: string[] = [];
    for (const [catalog, list, where] of [
      ['pg_foreign_data_wrapper', 'fdwoptions', `fdwname = 'w'`],
      ['pg_foreign_server', 'srvoptions', `srvname = 's'`],
      ['pg_foreign_table', 'ftoptions', `ftrelid = 'public.f'::regclass`],
      ['pg_user_mapping', 'umoptions', 'umuser = 0'],
      ['pg_attribute', 'attfdwoptions', `attrelid = 'public.f'::regclass and attnum = 1`],
      ['pg_proc', 'proconfig', `oid = 'public.g()'::regprocedure`],
      [
        'pg_db_role_setting',
        'setconfig',
        `setdatabase = (select oid from pg_database where datname = current_database())`,
      ],
    ] as const) {
      const list_ = before('pg_next=1', list);
      const now = await changed(session, `update ${catalog} set ${list} = ${list_} where ${where}`);
      if (now.rows !== 1 || now.schema.digest === digest) silent.push(list);
    }
    const dictionary = await changed(
      session,
      `update pg_ts_dict set dictinitoption = dictinitoption || ', pg_next = 1' where dictname = 'd'`,
    );
    if (dictionary.schema.digest === digest) silent.push('dictinitoption');
    expect(silent).toEqual([]);
  });
});

/** The option of the server's that PostgreSQL 15.20 keeps, as the columns of a new table have it. */
const kept = `select coalesce(string_agg(distinct split_part(o, '=', 1), ' '), '') as kept from pg_catalog.pg_attribute, unnest(attoptions) o where attrelid = 'public.plain'::regclass`;

test.each(versions)(
  'two databases of one script are equal on %s, also where it keeps a position in each column',
  async (version) => {
    await withDatabase(version, (one) =>
      withDatabase(version, async (two) => {
        await runSql(one, setup);
        // elsewhere the same columns have another history
        await runSql(two, [
          ...setup,
          'alter table public.plain alter id type bigint',
          'alter table public.plain alter id type integer',
        ]);
        await withSession(one, (left) =>
          withSession(two, async (right) => {
            const [row] = await left.query<{ kept: string }>({ text: kept, values: [] });
            // what the server of this version does decides what this test shows, so it is said
            expect(['', 'pg_attver']).toContain(row?.kept);
            const [a, b] = [await captureSchema(left), await captureSchema(right)];
            expect(compareSchemas(a, b)).toEqual([]);
            expect([a.digest, await gateDigest(left)]).toEqual([b.digest, await gateDigest(right)]);
            expect([...a.noticed, ...b.noticed]).toEqual([]);
          }),
        );
      }),
    );
  },
);

test.each(versions)(
  'on %s what an unknown server would keep in each column is named once, with its number',
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [...stamping('pg_next'), 'create table public.n (id integer, a text, b text)']);
      await withSession(connection, async (session) => {
        const { noticed, objects } = await captureSchema(session);
        expect(noticed).toEqual([{ kind: 'column', option: 'pg_next', count: '3', first: 'public.n.a' }]);
        expect(noticed.map(explainNoticed)).toEqual([
          'column option pg_next, unknown to One Roof, is not compared: public.n.a and 2 more',
        ]);
        expect(JSON.stringify(objects.filter(({ kind }) => kind === 'column'))).not.toContain('pg_next');
      });
    });
  },
);
