import { id, literal } from './sql.ts';

/** Kinds of relations that a role reads by GRANT SELECT ON TABLE: tables, partitioned and foreign ones, views, materialized views. */
const tableKinds = "('r', 'p', 'f', 'v', 'm')";

/** A role that reads, the schemas that it reads, and who makes tables there: null, the database is asked who owns tables when the SQL runs. */
interface ObserverPlan {
  readonly role: string;
  readonly schemas: readonly string[];
  readonly owners: readonly string[] | null;
}

/**
 * The statements that make a role that can read the given schemas and write nowhere in this database, one statement each. The first one
 * changes nothing: it stops where the role that runs it lacks a right, and names each such right with the SQL that gives it. Running them
 * again does no harm.
 *
 * Source  PostgreSQL manual, "Privileges": PUBLIC may make temporary tables in every database, and before PostgreSQL 15 objects
 *         in schema public; a revoke from the role alone would not take that away. "ALTER DEFAULT PRIVILEGES": they belong to one owner.
 */
export function observerStatements(
  role: string,
  schemas: readonly string[],
  owners: readonly string[] | null = null,
): readonly string[] {
  const plan = { role, schemas, owners };
  const name = id(role).text;
  return [
    requireRights(plan),
    block(`begin
  if to_regrole(${text(name)}) is null then
    create role ${name} login nosuperuser nocreatedb nocreaterole noreplication;
  end if;
  if not ${readsOnly(role)} then
    alter role ${name} set default_transaction_read_only = on;
  end if;
end`),
    ...schemas.flatMap((schema) => [
      `revoke create on schema ${id(schema).text} from public`,
      `grant usage on schema ${id(schema).text} to ${name}`,
    ]),
    block(`declare one record;
begin
  for one in select c.oid::regclass as what, c.relkind from pg_class c where ${within(plan)}
    and (c.relkind in ${tableKinds} and not has_table_privilege(${text(role)}, c.oid, 'select')
      or c.relkind = 'S' and not has_sequence_privilege(${text(role)}, c.oid, 'select'))
  loop
    execute format('grant select on %s %s to %I', case one.relkind when 'S' then 'sequence' else 'table' end, one.what, ${text(role)});
  end loop;
end`),
    ...defaultPrivileges(plan),
    block("begin\n  execute format('revoke temporary, create on database %I from public', current_database());\nend"),
  ];
}

/** The same as one text for a DBA, with a note on who runs it and what it means for others. */
export function observerGrants(
  role: string,
  schemas: readonly string[],
  owners: readonly string[] | null = null,
): string {
  return [
    '-- A role that reads this database and cannot write.',
    '-- Run it once, connected to this database, as one of these:',
    '--   a superuser;',
    '--   a role with CREATEROLE that owns the database and is a member of each role that owns tables in these schemas;',
    `--   the owner of database and tables, after a role with CREATEROLE has created ${id(role).text}.`,
    '-- It first checks the rights of the role that runs it. If a right is missing, it changes nothing, and names the right and its SQL.',
    '-- It takes CREATE and TEMPORARY from PUBLIC, so from every role. An application that creates temporary tables needs',
    '-- its own `grant temporary on database … to …` afterwards.',
    owners === null
      ? '-- Future tables: it finds the roles that own tables there; --owner names other roles that will create tables.'
      : '-- Future tables can be read if one of the named owners creates them.',
    'begin;',
    ...observerStatements(role, schemas, owners).map((statement) => `${statement};`),
    'commit;',
    '-- Give it a password or a line in pg_hba.conf, e.g. with psql: \\password',
    '',
  ].join('\n');
}

/**
 * The statements that make a role that reads every row of this database and writes nothing, for golden copies by the provider `dump`. Running them
 * again does no harm.
 *
 * Source  PostgreSQL manual, "Predefined Roles": pg_read_all_data does not pass row-level security, and holds for no large object.
 */
export function dumpStatements(role: string): readonly string[] {
  const name = id(role).text;
  return [
    block(`begin
  if to_regrole(${text(name)}) is null then
    create role ${name} login nosuperuser nocreatedb nocreaterole noreplication;
  end if;
  alter role ${name} set default_transaction_read_only = on;
  grant pg_read_all_data to ${name};
  execute format('grant connect on database %I to %I', current_database(), ${text(role)});
  -- only where row-level security hides something
  if exists (select from pg_class where relrowsecurity) then
    alter role ${name} bypassrls;
  end if;
end`),
    block(`declare one record;
begin
  -- a copy without them says so
  for one in select oid from pg_largeobject_metadata loop
    execute format('grant select on large object %s to %I', one.oid, ${text(role)});
  end loop;
end`),
  ];
}

/** The same as one text for a DBA. */
export function dumpGrants(role: string): string {
  return [
    '-- A role that reads every row of this database and writes nothing, for golden copies (provider "dump") and nothing else.',
    '-- Run it once, connected to this database, as a superuser, or as the administrator of a managed service.',
    'begin;',
    ...dumpStatements(role).map((statement) => `${statement};`),
    'commit;',
    '-- Give it a password or a line in pg_hba.conf, e.g. with psql: \\password',
    '',
  ].join('\n');
}

/**
 * The statements that make a role for golden copies by the provider `basebackup`: it copies the files of the whole server, and reads every row of this
 * database to compare them. Running them again does no harm.
 *
 * Source  PostgreSQL manual, "Role Attributes": REPLICATION.
 */
export function basebackupStatements(role: string): readonly string[] {
  return [...dumpStatements(role), `alter role ${id(role).text} replication`];
}

/** The same as one text for a DBA. */
export function basebackupGrants(role: string): string {
  return [
    '-- A role for golden copies (provider "basebackup") and nothing else. REPLICATION lets it copy the files of all databases of this server.',
    '-- Run it once, connected to the database that is copied, as a superuser.',
    'begin;',
    ...basebackupStatements(role).map((statement) => `${statement};`),
    'commit;',
    '-- Give it a password, e.g. with psql: \\password',
    '-- and two lines in pg_hba.conf, with the address that it comes from, then: select pg_reload_conf();',
    `--   hostssl replication ${id(role).text} ADDRESS scram-sha-256`,
    `--   hostssl DATABASE    ${id(role).text} ADDRESS scram-sha-256`,
    '',
  ].join('\n');
}

/** Each owner has default privileges of its own: tables that another role makes have none of them. */
function defaultPrivileges(plan: ObserverPlan): readonly string[] {
  const { role, schemas, owners } = plan;
  const kinds = ['tables', 'sequences'];
  if (owners !== null)
    return owners.flatMap((owner) =>
      schemas.flatMap((schema) =>
        kinds.map(
          (kind) =>
            `alter default privileges for role ${id(owner).text} in schema ${id(schema).text} grant select on ${kind} to ${id(role).text}`,
        ),
      ),
    );
  return [
    block(`declare one record;
begin
  for one in ${ownersThere(plan)} loop
${kinds.map((kind) => `    execute format('alter default privileges for role %I in schema %I grant select on ${kind} to %I', one.owner, one.schema, ${text(role)});`).join('\n')}
    raise notice '% can read what % makes in schema % from now on', ${text(role)}, one.owner, one.schema;
  end loop;
end`),
  ];
}

/** Who makes tables in each schema: the roles that own some; where there is none yet, the owner of the schema. */
function ownersThere(plan: ObserverPlan): string {
  return `select distinct pg_get_userbyid(c.relowner) as owner, n.nspname as schema
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${within(plan)}
    union select pg_get_userbyid(case pg_get_userbyid(n.nspowner) when 'pg_database_owner' then d.datdba else n.nspowner end), n.nspname
    from pg_namespace n join pg_database d on d.datname = current_database() where n.nspname = any (${list(plan.schemas)})
      and not exists (select from pg_class c where c.relnamespace = n.oid and ${within(plan)})`;
}

/** The tables and sequences of the schemas, without those of extensions: their owner installed the extension, and creates no others. */
function within({ schemas }: ObserverPlan): string {
  return `c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.relnamespace in (select oid from pg_namespace where nspname = any (${list(schemas)}))
    and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')`;
}

function readsOnly(role: string): string {
  return `exists (select from pg_db_role_setting s, unnest(s.setconfig) one
    where s.setdatabase = 0 and s.setrole = to_regrole(${text(id(role).text)}) and one = 'default_transaction_read_only=on')`;
}

/** Stops before anything is changed where the role that runs the statements lacks a right for one of them, and names all such rights. */
function requireRights(plan: ObserverPlan): string {
  const { role, schemas, owners } = plan;
  const name = id(role).text;
  const oid = `to_regrole(${text(name)})`;
  const mayRead = `exists (select from aclexplode(c.relacl) a where a.privilege_type = 'SELECT' and (a.grantee = 0 or a.grantee = ${oid}))`;
  const made = owners === null ? ownersThere(plan) : `select unnest(${list(owners)}) as owner, null`;
  return block(`declare lacks text;
begin
  with me as (select rolname, rolsuper, rolcreaterole from pg_roles where rolname = current_user),
  schemas as (select n.oid, n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl from pg_namespace n where n.nspname = any (${list(schemas)})),
  -- whose tables are read, and who makes more of them: with their rights come those of the schemas and of the database that are theirs
  masters as (select r.oid, r.rolname from pg_roles r where not pg_has_role(r.oid, 'USAGE')
    and (r.rolname in (select o.owner from (${made}) o(owner, schema)) or r.oid in (select c.relowner from pg_class c where ${within(plan)} and not ${mayRead}))),
  needed (who, what) as (
    select 'a superuser, or a role with CREATEROLE', ${text(`create role ${name} login; alter role ${name} set default_transaction_read_only = on;`)}
      from me where ${oid} is null and not rolsuper and not rolcreaterole
    union all select 'a superuser, or the role that made it', ${text(`alter role ${name} set default_transaction_read_only = on;`)}
      from me where ${oid} is not null and not rolsuper and not ${readsOnly(role)}
        and not (rolcreaterole and (current_setting('server_version_num')::int < 160000 or pg_has_role(${oid}, 'MEMBER WITH ADMIN OPTION')))
    union all select 'the owner of the database', format('create schema %I;', w.name) from unnest(${list(schemas)}) w(name)
      where not exists (select from schemas s where s.nspname = w.name)
    union all select pg_get_userbyid(s.nspowner), format('revoke create on schema %I from public;', s.nspname) from schemas s
      where not pg_has_role(s.nspowner, 'USAGE') and s.nspowner not in (select oid from masters)
        and exists (select from aclexplode(s.acl) a where a.grantee = 0 and a.privilege_type = 'CREATE')
    union all select pg_get_userbyid(s.nspowner), format('grant usage on schema %I to %I with grant option;', s.nspname, current_user) from schemas s
      where not pg_has_role(s.nspowner, 'USAGE') and s.nspowner not in (select oid from masters)
        and not has_schema_privilege(s.oid, 'USAGE WITH GRANT OPTION') and not exists (select from aclexplode(s.acl) a where a.grantee in (0, ${oid}) and a.privilege_type = 'USAGE')
    union all select pg_get_userbyid(d.datdba), format('revoke temporary, create on database %I from public;', d.datname) from pg_database d
      where d.datname = current_database() and not pg_has_role(d.datdba, 'USAGE') and d.datdba not in (select oid from masters)
        and exists (select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where a.grantee = 0 and a.privilege_type in ('TEMPORARY', 'CREATE'))
    union all select 'the owner of the database', format('create role %I;', o.owner) from (${made}) o(owner, schema) where to_regrole(quote_ident(o.owner)) is null
    union all select 'a superuser, or a role that may grant it', format('grant %I to %I%s;', m.rolname, me.rolname,
        case when current_setting('server_version_num')::int >= 160000 then ' with inherit true' when pg_has_role(m.oid, 'MEMBER') then format('; alter role %I inherit', me.rolname) else '' end)
      from me, masters m
  )
  select string_agg(format('as %s: %s', who, what), e'\\n' order by what) into lacks from needed;
  if lacks is not null then
    raise exception using errcode = 'insufficient_privilege', message = format('%s lacks rights for this, so nothing was done', current_user),
      detail = lacks, hint = 'Run the SQL in DETAIL, then run this again; or run this as a superuser.';
  end if;
end`);
}

/** DO with a body that a person can read: no quote in it is doubled. */
function block(body: string): string {
  let tag = '$oneroof$';
  while (body.includes(tag)) tag = tag.replace(/\$$/, '_$');
  return `do ${tag} ${body} ${tag}`;
}

function list(names: readonly string[]): string {
  return `array[${names.map(text).join(', ')}]::text[]`;
}

function text(value: string): string {
  return literal(value).text;
}
