import { canonicalJson, digest, type Json } from '../../core/index.ts';
import { fixed, pinnedSettings, type Session, sql } from '../../database/index.ts';
import type { CatalogReader } from './catalog.ts';
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
  return pinned(session, async () => {
    const [may] = await session.query<{ conninfo: string }>(
      sql`select has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT')::text as conninfo`,
    );
    const reader: CatalogReader = {
      version: session.serverVersion,
      conninfo: may?.conninfo === 'true' ? 'readable' : 'hidden',
    };
    const objects: SchemaObject[] = [];
    for (const query of catalogQueries) {
      const text = query(reader);
      if (text === null) continue;
      const rows = await session.query<{ kind: string; name: string; logical: string; strict: string }>(
        sql`${fixed(text)}`,
      );
      for (const row of rows)
        objects.push({ kind: row.kind, name: row.name, logical: members(row.logical), strict: members(row.strict) });
    }
    return fingerprintOf(objects, await session.query<Noticed>(sql`${fixed(unknownOptions)}`));
  });
}

function fingerprintOf(objects: SchemaObject[], noticed: readonly Noticed[]): SchemaFingerprint {
  const keys = new Map(objects.map((object) => [object, `${object.kind}\0${object.name}`]));
  objects.sort((a, b) => ((keys.get(a) ?? '') < (keys.get(b) ?? '') ? -1 : 1));
  // written once: what is strict comes behind what is logical, because kind, logical, name and strict are in the canonical order
  const logical = objects.map((object) => canonicalJson({ ...object, strict: undefined }));
  const all = objects.map(({ strict }, index) => `${logical[index]?.slice(0, -1)},"strict":${canonicalJson(strict)}}`);
  return { version: 1, digest: digest('schema', all), logicalDigest: digest('schema', logical), objects, noticed };
}

/** Does something under the pinned settings, for which our own sessions have nothing to change. */
async function pinned<T>(session: Reader, work: () => Promise<T>): Promise<T> {
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
