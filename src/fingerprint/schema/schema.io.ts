import { type Json } from '../../core/index.ts';
import { fixed, pinnedSettings, type Session, type Sql, sql, unionAll } from '../../database/index.ts';
import type { Listing } from './catalog.ts';
import type { KeyedObject } from './delta.ts';
import { fingerprintOf } from './fingerprint-of.ts';
import type { Noticed, SchemaFingerprint, SchemaObject } from '../fingerprint.ts';
import { unknownOptions } from './options.sql.ts';
import { catalogQueries } from './queries.ts';

/** What the capture needs of a session. */
type Reader = Pick<Session, 'query' | 'serverVersion'>;

/** The settings that change how a name, a constant or a definition is written. */
const written = [
  'search_path',
  'quote_all_identifiers',
  'standard_conforming_strings',
  'TimeZone',
  'DateStyle',
  'IntervalStyle',
  'extra_float_digits',
  'bytea_output',
  'lc_monetary',
  'xmlbinary',
] as const satisfies readonly (keyof typeof pinnedSettings)[];

/**
 * Reads the canonical model of a database's schema, by names, in the caller's transaction if there is one; other settings of the
 * session make no difference, and are as before afterwards.
 *
 * Shape   sorted by kind and name. A role's password is never read, and of what may be a credential only a hash.
 * Source  docs/FORMAT.md "Fingerprint"; PostgreSQL manual, "System Catalogs".
 */
export async function captureSchema(session: Reader): Promise<SchemaFingerprint> {
  return schemaSettings(session, async () => {
    const objects: SchemaObject[] = [];
    for (const { text } of await listings(session))
      for (const row of await session.query<ObjectRow>(sql`${fixed(text)}`)) objects.push(objectOf(row));
    return fingerprintOf(objects, await readNoticed(session));
  });
}

/** The same objects, each with the key of its catalogue row; without one where it has none. */
export async function captureKeyed(session: Reader): Promise<readonly KeyedObject[]> {
  return schemaSettings(session, async () => {
    const objects: KeyedObject[] = [];
    for (const { text, keyed } of await listings(session)) {
      const rows = await session.query<KeyedRow>(keyed === null ? sql`${fixed(text)}` : withKeys(keyed.text));
      for (const row of rows) objects.push(keyedObject(row));
    }
    return objects;
  });
}

/** Of them those with certain keys, by one query. */
export async function readKeyed(session: Reader, keys: ReadonlySet<string>): Promise<readonly KeyedObject[]> {
  if (keys.size === 0) return [];
  const oids = new Map<string, string[]>();
  for (const key of keys) {
    const [of = '', oid = ''] = key.split(' ');
    oids.set(of, [...(oids.get(of) ?? []), oid]);
  }
  return schemaSettings(session, async () => {
    const arms = (await listings(session)).flatMap(({ keyed }): Sql[] => {
      if (keyed === null) return [];
      const { class: of, text } = keyed;
      if (!of.includes('.'))
        return oids.has(of) ? [sql`${withKeys(text)} where q.oid = any(${oids.get(of)}::oid[])`] : [];
      return [
        sql`${withKeys(text)} join unnest(${[...keys]}::text[]) k on q.class::regclass || ' ' || q.oid = k and q.oid >= 16384`,
      ];
    });
    if (arms.length === 0) return [];
    const rows = await session.query<KeyedRow>(unionAll(arms));
    return rows.map(keyedObject);
  });
}

/** Options of the server's that are in no digest. */
export function readNoticed(session: Reader): Promise<Noticed[]> {
  return session.query<Noticed>(sql`${fixed(unknownOptions)}`);
}

async function listings(session: Reader): Promise<readonly Listing[]> {
  const [may] = await session.query<{ conninfo: string }>(
    sql`select has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT')::text as conninfo`,
  );
  const conninfo = may?.conninfo === 'true' ? 'readable' : 'hidden';
  return catalogQueries.flatMap((query) => query({ version: session.serverVersion, conninfo }) ?? []);
}

function withKeys(text: string): Sql {
  return sql`select q.kind, q.name, q.logical::text, q.strict::text, q.class::regclass || ' ' || q.oid as key from (${fixed(text)}) q`;
}

interface ObjectRow {
  readonly kind: string;
  readonly name: string;
  readonly logical: string;
  readonly strict: string;
}

interface KeyedRow extends ObjectRow {
  readonly key?: string;
}

function objectOf({ kind, name, logical, strict }: ObjectRow): SchemaObject {
  return { kind, name, logical: members(logical), strict: members(strict) };
}

function keyedObject(row: KeyedRow): KeyedObject {
  return { ...objectOf(row), key: row.key ?? '' };
}

/** Does something under the pinned settings, for which our own sessions have nothing to change. */
export async function schemaSettings<T>(session: Reader, work: () => Promise<T>): Promise<T> {
  const before = await foreign(session);
  if (before.length === 0) return work();
  const settings = before.map(({ name }) => [name, pinnedSettings[name]] as const);
  const restored = before.map(({ name, value }) => [name, value] as const);
  await set(session, { settings, scope: 'transaction' });
  if ((await foreign(session)).length === 0) {
    // a transaction that fails takes them back by itself, and nothing else would be accepted
    const done = await work();
    await set(session, { settings: restored, scope: 'transaction' });
    return done;
  }
  // outside of a transaction that lasted for its own statement only
  await set(session, { settings, scope: 'session' });
  try {
    return await work();
  } finally {
    await set(session, { settings: restored, scope: 'session' });
  }
}

/** The settings that are not the pinned ones, with their values. */
async function foreign(session: Reader): Promise<readonly { name: (typeof written)[number]; value: string }[]> {
  const wanted = JSON.stringify(Object.fromEntries(written.map((name) => [name, pinnedSettings[name]])));
  return session.query(sql`
    select s.name, pg_catalog.current_setting(s.name) as value
    from pg_catalog.jsonb_each_text(${wanted}::pg_catalog.jsonb) s(name, pinned)
    where pg_catalog.current_setting(s.name) operator(pg_catalog.<>) s.pinned`);
}

async function set(
  session: Reader,
  to: { readonly settings: readonly (readonly [string, string])[]; readonly scope: 'transaction' | 'session' },
): Promise<void> {
  for (const [name, value] of to.settings)
    await session.query(sql`select pg_catalog.set_config(${name}, ${value}, ${to.scope === 'transaction'})`);
}

function members(text: string): Readonly<Record<string, Json>> {
  return JSON.parse(text) as Record<string, Json>;
}
