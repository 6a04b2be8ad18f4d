import { OneRoofError, printable, stated } from '../core/index.ts';
import { fixed, literal, type Session, sql, sqlStateOf } from '../database/index.ts';
import { type CollationFacts, describeDifference } from './collation.ts';

/** The collations that order text of a database: its default one, and those of columns and indexes. Those that sort by bytes are the same everywhere. */
export async function readCollations(session: Session): Promise<readonly CollationFacts[]> {
  const isNew = session.serverVersion >= 150_000;
  const actual = isNew
    ? sql`pg_catalog.pg_database_collation_actual_version(d.oid)`
    : sql`(select pg_catalog.pg_collation_actual_version(l.oid) from pg_catalog.pg_collation l where l.collprovider = 'c' and l.collcollate = d.datcollate limit 1)`;
  const rows = await session.query<{ one: string }>(sql`
    select pg_catalog.json_build_object('name', 'the default of the database', 'provider', coalesce(j ->> 'datlocprovider', 'c'),
      'locale', coalesce(j ->> 'datlocale', j ->> 'daticulocale', d.datcollate), 'version', ${actual})::text as one
    from pg_catalog.pg_database d, pg_catalog.to_jsonb(d) j where d.datname = pg_catalog.current_database()
    union all
    select pg_catalog.json_build_object('name', 'collation ' || c.collname, 'provider', c.collprovider, 'locale', coalesce(j ->> 'colllocale', j ->> 'colliculocale', c.collcollate),
      'version', pg_catalog.pg_collation_actual_version(c.oid))::text
    from pg_catalog.pg_collation c, pg_catalog.to_jsonb(c) j where c.collprovider <> 'd' and c.oid in (
      select a.attcollation from pg_catalog.pg_attribute a join pg_catalog.pg_class r on r.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = r.relnamespace
      where a.attnum > 0 and not a.attisdropped and n.nspname !~ '^pg_' and n.nspname <> 'information_schema')`);
  return rows
    .map(({ one }) => JSON.parse(one) as CollationFacts)
    .filter(({ provider, locale }) => provider !== 'b' && !['C', 'POSIX'].includes(locale));
}

/** Which collations of production sort differently, or may, on a clone server; one line for each. Nothing stays there. */
export async function findOtherOrders(
  admin: Session,
  production: readonly CollationFacts[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const one of production) {
    const here = await versionHere(admin, one);
    if (here !== one.version) found.push(printable(describeDifference(one, here)));
  }
  return found;
}

/**
 * Refuses files whose indexes another library would read: it would not find what is there, and would not say so.
 *
 * Errors  CLONE_COLLATION.
 */
export function refuseOtherOrders(differences: readonly string[]): void {
  const [first, ...more] = differences;
  if (first === undefined) return;
  throw new OneRoofError('CLONE_COLLATION', {
    ...stated`copied indexes on text would be wrong: ${{ index: first }}${more.length === 0 ? '' : `, and ${more.length} more`}`,
    fix: 'set bin: of the clone provider to the programs that production runs, or use the provider "dump", which builds indexes anew',
  });
}

/** The version that the clone server's library gives such a collation; null where it has none, or says nothing. */
async function versionHere(admin: Session, { provider, locale }: CollationFacts): Promise<string | null> {
  await admin.query(sql`begin`);
  try {
    await admin.query(
      sql`create collation public.oneroof_probe (provider = ${fixed(provider === 'i' ? 'icu' : 'libc')}, locale = ${literal(locale)})`,
    );
    const [row] = await admin.query<{ version: string | null }>(
      sql`select pg_catalog.pg_collation_actual_version('public.oneroof_probe'::pg_catalog.regcollation) as version`,
    );
    return row?.version ?? null;
  } catch (error) {
    // a locale or a library that it lacks
    if (sqlStateOf(error) === '') throw error;
    return null;
  } finally {
    await admin.query(sql`rollback`);
  }
}
