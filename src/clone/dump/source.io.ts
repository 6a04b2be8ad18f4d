import { describe, fixed, openSession, type Session, sql } from '../../database/index.ts';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type CopiedGate } from '../clone.ts';
import {
  type DatabaseFacts,
  type DumpSource,
  type ExtensionFacts,
  type IdentityFacts,
  type MembershipFacts,
  type CopiedRole,
  type TableFacts,
} from './facts.ts';

/** Schemas that no copy takes from production: the server's own, and the gate. */
const copied = fixed(`n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate')`);

/** The identity of production, and what a copy needs from its server in addition to the database. */
export async function readDumpSource(session: Session): Promise<DumpSource> {
  const [known] = await session.query<Record<string, string | null>>(sql`
    select d.oid::text as oid, pg_catalog.pg_is_in_recovery()::text as standby, (select rolname from pg_catalog.pg_roles where oid = 10) as superuser,
      pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')::text as may,
      pg_catalog.json_build_object('owner', pg_catalog.pg_get_userbyid(d.datdba), 'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'collate', d.datcollate,
        'ctype', d.datctype, 'provider', j ->> 'datlocprovider', 'locale', coalesce(j ->> 'datlocale', j ->> 'daticulocale'), 'rules', j ->> 'daticurules',
        'collationVersion', j ->> 'datcollversion')::text as database
    from pg_catalog.pg_database d, pg_catalog.to_jsonb(d) j where d.datname = pg_catalog.current_database()`);
  const [system] =
    known?.['may'] === 'true'
      ? await session.query<{ system: string; timeline: string }>(sql`
          select s.system_identifier::text as system, c.timeline_id::text as timeline from pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c`)
      : [];
  const list = async <Row>(query: Parameters<Session['query']>[0]): Promise<readonly Row[]> =>
    (await session.query<{ one: string }>(query)).map(({ one }) => JSON.parse(one) as Row);
  return {
    identity: {
      database: session.connection.database,
      systemIdentifier: system?.system ?? '',
      timeline: Number(system?.timeline ?? 0),
      databaseOid: known?.['oid'] ?? '',
      serverVersion: session.serverVersion,
    },
    isStandby: known?.['standby'] === 'true',
    superuser: known?.['superuser'] ?? 'postgres',
    database: JSON.parse(known?.['database'] ?? '{}') as DatabaseFacts,
    roles: await list<CopiedRole>(sql`
      select pg_catalog.json_build_object('name', r.rolname, 'superuser', r.rolsuper, 'inherit', r.rolinherit, 'createRole', r.rolcreaterole, 'createDatabase', r.rolcreatedb,
        'login', r.rolcanlogin, 'replication', r.rolreplication, 'bypassRls', r.rolbypassrls, 'connectionLimit', r.rolconnlimit,
        'settings', coalesce(r.rolconfig, '{}'))::text as one
      from pg_catalog.pg_roles r where r.rolname !~ '^pg_' order by r.oid`),
    memberships: await list<MembershipFacts>(sql`
      select pg_catalog.json_build_object('role', pg_catalog.pg_get_userbyid(m.roleid), 'member', pg_catalog.pg_get_userbyid(m.member), 'admin', m.admin_option,
        'inherit', (j ->> 'inherit_option')::boolean, 'set', (j ->> 'set_option')::boolean)::text as one
      from pg_catalog.pg_auth_members m, pg_catalog.to_jsonb(m) j where pg_catalog.pg_get_userbyid(m.member) !~ '^pg_' order by m.roleid, m.member`),
    extensions: await list<ExtensionFacts>(sql`
      select pg_catalog.json_build_object('name', e.extname, 'version', e.extversion)::text as one from pg_catalog.pg_extension e order by e.oid`),
    identities: await list<IdentityFacts>(sql`
      select pg_catalog.json_build_object('sequence', array[n.nspname, c.relname], 'statements', array[
        pg_catalog.format('alter table %I.%I alter %I add generated %s as identity (sequence name %I.%I)', tn.nspname, t.relname, a.attname,
          case a.attidentity when 'a' then 'always' else 'by default' end, n.nspname, c.relname),
        pg_catalog.format('alter sequence %I.%I as %s increment %s minvalue %s maxvalue %s start %s restart cache %s %s cycle', n.nspname, c.relname,
          pg_catalog.format_type(s.seqtypid, null), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, case when not s.seqcycle then 'no' end)])::text as one
      from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.refclassid = d.classid and d.deptype = 'i'
      join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      join pg_catalog.pg_class t on t.oid = a.attrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
      where s.seqtypid <> a.atttypid`),
    tablespaces: (
      await session.query<{ one: string }>(
        sql`select spcname as one from pg_catalog.pg_tablespace where spcname !~ '^pg_' order by 1`,
      )
    ).map(({ one }) => one),
  };
}

/** The gate of production, by the owner of its own functions; null where there is none. */
export async function readSourceGate(session: Session): Promise<Pick<CopiedGate, 'appOwner' | 'as'> | null> {
  const [row] = await session.query<Pick<CopiedGate, 'appOwner' | 'as'>>(sql`
    select pg_catalog.pg_get_userbyid(p.proowner)::text as "appOwner",
      case when exists (select from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc f on f.oid = e.evtfoid where f.pronamespace = n.oid) then 'superuser' else 'owner' end as "as"
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'gate' and p.proname = 'execute_step'`);
  return row ?? null;
}

/** The tables that a copy locks. Asked by a session of its own: within the transaction of the copy the answer would be its snapshot already. */
export async function namesToLock(from: Session): Promise<readonly string[]> {
  const session = await openSession(from.connection, { applicationName: 'oneroof golden' });
  try {
    const rows = await session.query<{ name: string }>(sql`
      select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and c.relpersistence <> 't' and ${copied} order by c.oid`);
    return rows.map(({ name }) => name);
  } finally {
    await session.close();
  }
}

/** The tables whose rows are copied, as the snapshot of the session has them. */
export async function readCopiedTables(session: Session): Promise<readonly TableFacts[]> {
  const rows = await session.query<{ one: string }>(sql`
    select pg_catalog.json_build_object('name', pg_catalog.format('%I.%I', n.nspname, c.relname), 'bytes', pg_catalog.pg_table_size(c.oid), 'heap', a.amname = 'heap',
      'pages', pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint, 'unlogged', c.relpersistence = 'u', 'condition', nullif(x.condition, ''),
      'columns', (select coalesce(pg_catalog.json_agg(pg_catalog.quote_ident(t.attname) order by t.attnum), '[]') from pg_catalog.pg_attribute t
        where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped and t.attgenerated = ''),
      'rows', nullif(c.reltuples, -1),
      'key', (select coalesce(pg_catalog.json_agg(pg_catalog.quote_ident(t.attname) order by k.n), '[]') from pg_catalog.pg_index i
        cross join lateral unnest(i.indkey::int2[]) with ordinality k(key, n) join pg_catalog.pg_attribute t on t.attrelid = c.oid and t.attnum = k.key
        where i.indrelid = c.oid and i.indisprimary and k.n <= i.indnkeyatts),
      'ancestors', (select coalesce(pg_catalog.json_agg(pg_catalog.format('%I.%I', an.nspname, a.relname) order by p.n), '[]')
        from pg_catalog.pg_partition_ancestors(c.oid) with ordinality p(relid, n) join pg_catalog.pg_class a on a.oid = p.relid
        join pg_catalog.pg_namespace an on an.oid = a.relnamespace where a.oid <> c.oid),
      -- the text form of xml leaves its declaration out
      'values', (select coalesce(pg_catalog.json_agg(pg_catalog.quote_ident(t.attname) || case coalesce(nullif(y.typbasetype, 0), y.oid) when 142 then '::text' when 143 then '::text[]' else '' end order by t.attnum), '[]')
        from pg_catalog.pg_attribute t join pg_catalog.pg_type y on y.oid = t.atttypid where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped and t.attgenerated = ''))::text as one
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_am a on a.oid = c.relam
    left join (select unnest(e.extconfig) as oid, unnest(e.extcondition) as condition from pg_catalog.pg_extension e) x on x.oid = c.oid
    where c.relkind = 'r' and c.relpersistence <> 't' and ${copied}
      and (x.oid is not null or not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))
    order by c.oid`);
  return rows.map(({ one }) => JSON.parse(one) as TableFacts);
}

/** The state of each sequence. Sequences are in no snapshot: read after it was taken, none is behind the rows. */
export async function readSequencePositions(
  session: Session,
): Promise<readonly { readonly name: string; readonly value: string; readonly called: boolean }[]> {
  const names = await session.query<{ name: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'S' and c.relpersistence <> 't' and ${copied}
      and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') order by 1`);
  const positions: { name: string; value: string; called: boolean }[] = [];
  for (let at = 0; at < names.length; at += 100) {
    const part = names.slice(at, at + 100);
    const text = part.map(
      ({ name }, n) => `select ${n} as n, last_value::text as value, is_called::text as called from ${name}`,
    );
    const rows = await session.query<{ n: string; value: string; called: string }>(
      sql`${fixed(text.join(' union all '))}`,
    );
    for (const { n, value, called } of rows)
      positions.push({ name: part[Number(n)]?.name ?? '', value, called: called === 'true' });
  }
  return positions;
}

/** Large objects with their owner and privileges. */
export async function readLargeObjects(
  session: Session,
): Promise<readonly { readonly oid: string; readonly owner: string; readonly acl: string | null }[]> {
  return session.query(sql`
    select m.oid::text as oid, pg_catalog.pg_get_userbyid(m.lomowner) as owner, m.lomacl::text as acl from pg_catalog.pg_largeobject_metadata m order by m.oid`);
}

/**
 * Refuses a role that could not read everything, before anything is read.
 *
 * Errors  CLONE_DUMP_RIGHTS, with the SQL that gives the rights.
 */
export async function requireDumpRights(session: Session): Promise<void> {
  const rows = await session.query<{ lacks: string; fix: string }>(sql`
    with me as (select rolname, rolsuper, rolbypassrls from pg_catalog.pg_roles where rolname = current_user),
    tables as (select c.oid, c.relname, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, n.nspname, n.oid as schema from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'S', 'v', 'm', 'f') and c.relpersistence <> 't' and ${copied})
    select * from (
      select pg_catalog.format('schema %I', nspname) as lacks, pg_catalog.format('grant usage on schema %I to %I;', nspname, current_user) as fix
        from (select distinct nspname, schema from tables) s where not pg_catalog.has_schema_privilege(schema, 'usage')
      union all select pg_catalog.format('%I.%I', nspname, relname), pg_catalog.format('grant select on all %s in schema %I to %I;', case relkind when 'S' then 'sequences' else 'tables' end, nspname, current_user)
        from tables where case relkind when 'S' then not pg_catalog.has_sequence_privilege(oid, 'select') else not pg_catalog.has_table_privilege(oid, 'select') end
      union all select pg_catalog.format('%I.%I (row-level security)', nspname, relname), pg_catalog.format('alter role %I bypassrls;', current_user)
        from tables, me where relrowsecurity and not me.rolsuper and not me.rolbypassrls and (relforcerowsecurity or not pg_catalog.pg_has_role(relowner, 'usage'))
    ) x order by 1`);
  if (rows.length === 0) return;
  const named = rows.slice(0, 5).map(({ lacks }) => printable(lacks));
  const fixes = [...new Set(rows.map(({ fix }) => printable(fix)))];
  throw new OneRoofError('CLONE_DUMP_RIGHTS', {
    ...stated`${{ connection: describe(session.connection) }} may not read ${{ relations: named }}${rows.length > 5 ? `, and ${rows.length - 5} more` : ''}`,
    fix: `as a superuser: ${fixes.join(' ')} (oneroof grants --for-dump prints all of it)`,
  });
}
