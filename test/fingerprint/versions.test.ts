import { expect, test } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { footprintBody } from '../../src/fingerprint/index.ts';
import { sampleOf } from '../counts.ts';
import { runSql, serverConnection, since15, withDatabase, withSession } from '../database.io.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';
import { mutations } from './mutations.all.ts';
import { type Mutation } from './mutations.ts';
import { type Version } from '../binaries.io.ts';

/** What a footprint reads, where everything of the database belongs to it. */
interface Reading {
  readonly objects: string;
  readonly versions: string;
}

const everything = sql`
  select (l).objects::text as objects, (l).versions as versions from (select pg_temp.look(json_build_object('owner', current_user,
    'names', (select json_agg(distinct n) from (select proname from pg_proc where oid >= 16384 union select typname from pg_type where oid >= 16384
      union select oprname from pg_operator where oid >= 16384 union select collname from pg_collation where oid >= 16384
      union select cfgname from pg_ts_config union select dictname from pg_ts_dict) x(n)),
    'relationNames', '[]'::json,
    'schemas', (select json_agg(nspname) from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
    'relations', (select json_agg(json_build_array(n.nspname, c.relname)) from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')))::jsonb) as l) q`;

/** Those of which the objects differ while the rows are said to be the same versions. */
async function missed(
  version: Version,
  of: { readonly mutations: readonly Mutation[]; readonly change?: (body: string) => string },
): Promise<readonly string[]> {
  const space = ['set allow_in_place_tablespaces = on', `create tablespace versions_space location ''`];
  await runSql(serverConnection(version), space);
  try {
    return await withDatabase(version, async (connection) => {
      await runSql(connection, version === '18' ? [...fixture, ...fixture18] : fixture);
      return await withSession(connection, async (session) => {
        const body = (of.change ?? ((text) => text))(footprintBody(session.serverVersion));
        await session.run(
          `create function pg_temp.look(anchors jsonb, known text default null, out objects jsonb, out programs text[], out inside oid[], out versions text)
           language plpgsql volatile set search_path = pg_catalog, pg_temp as $look$ ${body} $look$`,
        );
        const found: string[] = [];
        for (const { what, setup = [], change } of of.mutations)
          if (!(await tells(session, [setup, change]))) found.push(what);
        await session.run('drop subscription if exists sub');
        return found;
      });
    });
  } finally {
    await runSql(serverConnection(version), ['drop tablespace versions_space']);
  }
}

async function tells(
  session: Session,
  [setup, change]: readonly [readonly string[], readonly string[]],
): Promise<boolean> {
  const read = async (): Promise<Reading> => {
    const [row] = await session.query<Reading>(everything);
    if (row === undefined) throw new Error('nothing was read');
    return row;
  };
  await session.run('begin');
  try {
    for (const statement of setup) await session.run(statement);
    const before = await read();
    for (const statement of change) await session.run(statement);
    const after = await read();
    return before.objects === after.objects || before.versions !== after.versions;
  } finally {
    await session.run('rollback');
  }
}

/** The name of a tablespace that another test makes. */
const here = mutations.map((one): Mutation => {
  const named = (texts: readonly string[]): string[] =>
    texts.map((text) => text.replaceAll('mutation_space', 'versions_space'));
  return { ...one, ...(one.setup === undefined ? {} : { setup: named(one.setup) }), change: named(one.change) };
});

test.each(since15)(
  'on %s no object of a footprint changes while its rows are the same versions',
  { timeout: 900_000 },
  async (version) => {
    const known = here.filter(({ from = 15 }) => Number(version) >= from);
    const sample = sampleOf(known, {
      every: version === '18' ? 3 : Infinity,
      kind: ({ finds }) => finds.split(/ \w+\.|: /)[0] ?? '',
    });
    expect(await missed(version, { mutations: sample })).toEqual([]);
  },
);

test('would miss what changes in a catalogue whose rows were not asked', { timeout: 300_000 }, async () => {
  const change = (body: string): string =>
    body.replaceAll(
      /select concat_ws\(',', x\.tableoid, x\.xmin, x\.ctid\)( as v)? from pg_(?:description|type|attribute) x where/g,
      '$& false and',
    );
  expect((await missed('18', { mutations: here.slice(0, 120), change })).length).toBeGreaterThan(10);
});
