import { type Connection, fixed, id, openSession, type Session, sql } from '../database/index.ts';

/** As whom migrations run on a copy of production. */
export interface DisarmedOwner {
  readonly name: string;
  /** It was a superuser in production, and so could change what others own. */
  readonly wasSuperuser: boolean;
  /** Who owns the database: the role, if it was a superuser. */
  readonly databaseOwner: string;
  /** As the role finds it in this database. */
  readonly searchPath: string;
}

/** The OID of the superuser that initdb made: PostgreSQL never lets it be anything else. */
const bootstrap = sql`10`;

/** What the copy calls that superuser where migrations run under its name. */
const aside = 'oneroof_initdb';

/** Finds who runs migrations, and makes it a role that can log in and is no superuser. */
export async function giveOwner(
  admin: Session,
  { base, wanted }: { readonly base: string; readonly wanted: string | null },
): Promise<DisarmedOwner> {
  const [found] = await admin.query<{
    name: string;
    owner: string;
    oid: string;
    super: string;
    path: string | null;
  }>(sql`
    select r.rolname as name, pg_catalog.pg_get_userbyid(d.datdba) as owner, r.oid::text as oid, r.rolsuper::text as super,
      (select pg_catalog.substr(c, pg_catalog.length('search_path=') + 1) from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c
        where s.setdatabase in (0, d.oid) and s.setrole in (0, r.oid) and c like 'search\_path=%'
        order by s.setdatabase <> 0 and s.setrole <> 0 desc, s.setrole <> 0 desc, s.setdatabase <> 0 desc limit 1) as path
    from pg_catalog.pg_database d join pg_catalog.pg_roles r on r.rolname = coalesce(${wanted}::text, pg_catalog.pg_get_userbyid(d.datdba))
    where d.datname = ${base}`);
  const name = found?.name ?? '';
  const wasSuperuser = found?.super === 'true';
  if (found?.oid === '10') {
    await admin.query(sql`alter role ${id(name)} rename to ${id(aside)}`);
    await admin.query(sql`create role ${id(name)} login`);
  }
  await admin.query(sql`alter role ${id(name)} with login nosuperuser noreplication connection limit -1`);
  if (wasSuperuser) await admin.query(sql`alter database ${id(base)} owner to ${id(name)}`);
  if (wasSuperuser && admin.serverVersion >= 160_000)
    await admin.query(sql`alter role ${id(name)} with createrole createdb`);
  await admin.query(sql`grant connect on database ${id(base)} to ${id(name)}`);
  const databaseOwner = wasSuperuser ? name : (found?.owner ?? name);
  return { name, wasSuperuser, databaseOwner, searchPath: found?.path ?? '"$user", public' };
}

/**
 * Takes from all roles of a copy what reaches further than its database: superuser, the files and programs of the machine, and parameters of the server.
 * Before 16, CREATEROLE too, because it could grant these.
 */
export async function disarmServer(admin: Session): Promise<void> {
  const roles = await admin.query<{ name: string }>(sql`
    select rolname as name from pg_catalog.pg_roles where oid <> ${bootstrap} and rolname <> current_user and rolname !~ '^pg_'
      and (rolsuper or (rolcreaterole and ${admin.serverVersion}::integer < 160000))`);
  for (const { name } of roles) {
    await admin.query(sql`alter role ${id(name)} with nosuperuser`);
    if (admin.serverVersion < 160_000) await admin.query(sql`alter role ${id(name)} with nocreaterole`);
  }
  // rows, not REVOKE: that takes back only what one role granted
  await admin.query(sql`
    -- a membership has an OID, and depends on roles by it, since 16
    with gone as (delete from pg_catalog.pg_auth_members m where m.roleid in (${bootstrap}, (select oid from pg_catalog.pg_roles where rolname = current_user),
      'pg_execute_server_program'::pg_catalog.regrole, 'pg_read_server_files'::pg_catalog.regrole, 'pg_write_server_files'::pg_catalog.regrole) returning (pg_catalog.to_jsonb(m) ->> 'oid')::pg_catalog.oid as oid)
    delete from pg_catalog.pg_shdepend where classid = 'pg_catalog.pg_auth_members'::pg_catalog.regclass and objid in (select oid from gone)`);
  await admin.query(sql`delete from pg_catalog.pg_parameter_acl`);
  await admin.query(
    sql`delete from pg_catalog.pg_shdepend where classid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass`,
  );
}

/**
 * The same inside of a database, before foreign SQL runs there: no function runs as a superuser, and functions of the server have the privileges that
 * they were made with. What superusers own goes to the owner if it was one of them.
 */
export async function disarmDatabase(connection: Connection, { name, wasSuperuser }: DisarmedOwner): Promise<void> {
  const session = await openSession(connection, { applicationName: 'oneroof check' });
  try {
    const what = wasSuperuser ? sql`true` : sql`w.definer`;
    const owned = await session.query<{ kind: string; object: string }>(sql`
      select w.kind, w.object from (
        select 'schema' as kind, n.oid, pg_catalog.quote_ident(n.nspname) as object, n.nspowner as owner, false as definer
          from pg_catalog.pg_namespace n where n.oid >= 16384 or n.nspname = 'public'
        union all select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' else 'table' end,
          c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relowner, false
          from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
            and n.nspname !~ '^pg_' and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
              and d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S')
        union all select 'routine', p.oid, p.oid::pg_catalog.regprocedure::text, p.proowner, p.prosecdef from pg_catalog.pg_proc p where p.oid >= 16384
        union all select 'type', t.oid, pg_catalog.format('%I.%I', n.nspname, t.typname), t.typowner, false from pg_catalog.pg_type t
          join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_class c on c.oid = t.typrelid
          where t.oid >= 16384 and (t.typtype in ('d', 'e', 'r') or c.relkind = 'c')
        union all select 'statistics', s.oid, pg_catalog.format('%I.%I', n.nspname, s.stxname), s.stxowner, false
          from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace) w
      where w.owner = ${bootstrap} and (${what} or w.definer)
        and (w.definer or not exists (select from pg_catalog.pg_depend d where d.objid = w.oid and d.deptype = 'e')) order by 1, 2`);
    for (const { kind, object } of owned)
      await session.query(sql`alter ${fixed(kind)} ${fixed(object)} owner to ${id(name)}`);
    await session.query(sql`
      update pg_catalog.pg_proc p set proacl = i.initprivs from pg_catalog.pg_init_privs i
      where i.objoid = p.oid and i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid < 16384 and p.proacl is distinct from i.initprivs`);
  } finally {
    await session.close();
  }
}
