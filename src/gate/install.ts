import { id, literal } from '../database/index.ts';
import { footprintBody, schemaDigestBody } from '../fingerprint/index.ts';
import { login, ofTheApplication, ofTheRunner, callerRights, runner } from './callers.ts';
import { softwareModels } from '../people/index.ts';
import { assertionFunctions } from './sql/passkey-signature.sql.ts';
import { batchFunctions } from './sql/batches.sql.ts';
import { canonicalFunctions } from './sql/canonical.sql.ts';
import { changesFunctions } from './sql/changes.sql.ts';
import { documentFunctions } from './sql/documents.sql.ts';
import { endingsFunctions } from './sql/endings.sql.ts';
import { formFunctions } from './sql/forms.sql.ts';
import { eventTriggers, intactFunctions, parameterRights } from './sql/intact.sql.ts';
import { openingFunctions } from './sql/opening.sql.ts';
import { loopbackFunctions } from './sql/loopback.sql.ts';
import { outsideFunctions } from './sql/outside.sql.ts';
import { p256Functions } from './sql/p256.sql.ts';
import { partitionFunctions } from './sql/partitions.sql.ts';
import { peopleFunctions } from './sql/filled-seats.sql.ts';
import { purposeFunctions } from './sql/purpose.sql.ts';
import { readingFunctions } from './sql/reading.sql.ts';
import { recordFunctions } from './sql/record.sql.ts';
import { releaseFunctions } from './sql/release.sql.ts';
import { rolloutFunctions } from './sql/rollout.sql.ts';
import { sessionFunctions } from './sql/session.sql.ts';
import { driftFunctions } from './sql/drift.sql.ts';
import { footprintFunctions } from './sql/footprint.sql.ts';
import { submitFunctions } from './sql/submit.sql.ts';
import { tables } from './sql/tables.sql.ts';
import { verdictFunctions } from './sql/verdict.sql.ts';

/** The version of the schema `gate` that this program installs. */
export const gateVersion = 1;

/** The parameters of an installation. */
export interface InstallPlan {
  /** `server_version_num`. */
  readonly serverVersion: number;
  /** The name of the target, as in what people sign. */
  readonly uri: string;
  /** The role that owns the application's objects: ratified steps run with its rights. */
  readonly appOwner: string;
  /** Canonical policy and registry; the registry is version 1, and is pinned by this. */
  readonly policy: { readonly digest: string; readonly body: string };
  readonly registry: { readonly digest: string; readonly body: string };
  /** Event triggers need a superuser; without one the gate has only its first wall. */
  readonly as: 'superuser' | 'owner';
}

/**
 * Finds what existing roles of the gate have and must not have, because the gate will trust them: each as a text and the SQL that removes
 * it. Rights in other databases do not count: another gate of the server may be there. An observer
 * may read, also past row security, and has settings for it.
 */
export const roleProblems = `
  with gates as (select r.* from pg_catalog.pg_roles r where r.rolname in ('gate_owner', ${[...login, runner].map(text).join(', ')})),
  here as (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
  select format('%s is more than a role of the gate may be', rolname) as why,
      format('alter role %I nosuperuser nocreaterole nocreatedb noreplication%s;', rolname, case rolname when 'oneroof_observer' then '' when 'gate_owner' then ' nobypassrls nologin' else ' nobypassrls' end) as fix
    from gates where rolsuper or rolcreaterole or rolcreatedb or rolreplication or (rolbypassrls and rolname <> 'oneroof_observer') or (rolname = 'gate_owner' and rolcanlogin)
  union all select format('%s is a member of %s', pg_get_userbyid(m.member), pg_get_userbyid(m.roleid)), format('revoke %I from %I;', pg_get_userbyid(m.roleid), pg_get_userbyid(m.member))
    from pg_catalog.pg_auth_members m
    where (m.member in (select oid from gates where rolname <> '${runner}') and not (pg_get_userbyid(m.member) = 'oneroof_observer' and pg_get_userbyid(m.roleid) in ('pg_read_all_data', 'pg_read_all_stats', 'pg_monitor')))
      -- since 16 a role that creates a role may grant it, and nothing more
      or (m.roleid in (select oid from gates) and pg_get_userbyid(m.member) <> current_user
        and not (m.admin_option and to_jsonb(m) @> '{"inherit_option": false, "set_option": false}'))
  union all select format('%s has settings of its own', r.rolname), format('alter role %I%s reset all;', r.rolname, case when g.setdatabase <> 0 then format(' in database %I', pg_catalog.current_database()) else '' end)
    from gates r join pg_catalog.pg_db_role_setting g on g.setrole = r.oid where r.rolname <> 'oneroof_observer' and g.setdatabase in (0, (select oid from here))
  union all select distinct format('%s %s in this database', r.rolname, case when s.deptype = 'o' then 'owns something' else 'has rights' end),
      case when s.deptype = 'o' then format('reassign owned by %I to current_user;', r.rolname) else format('drop owned by %I;', r.rolname) end
    from gates r join pg_catalog.pg_shdepend s on s.refclassid = 'pg_catalog.pg_authid'::regclass and s.refobjid = r.oid
    where (r.rolname <> 'oneroof_observer' or s.deptype = 'o')
      -- what a superuser lent for the loopback of an earlier gate, and its owner cannot take back
      and not (r.rolname = 'gate_owner' and s.deptype = 'a' and exists (select from pg_catalog.pg_extension e where e.extname = 'dblink' and
        case s.classid when 'pg_catalog.pg_namespace'::regclass then s.objid = e.extnamespace
          else exists (select from pg_catalog.pg_depend d where (d.classid, d.objid) = (s.classid, s.objid) and (d.refclassid, d.refobjid) = ('pg_catalog.pg_extension'::regclass, e.oid) and d.deptype = 'e') end))
      and (s.dbid = (select oid from here) or (s.dbid = 0 and (s.deptype = 'o' or s.classid <> 'pg_catalog.pg_database'::regclass)))
  order by 1, 2`;

/**
 * Writes the SQL that installs the gate, for a person to read and run in one transaction.
 *
 * Source  docs/FORMAT.md "The gate in the database".
 */
export function installSql(plan: InstallPlan): string {
  const asOwner = plan.as === 'owner';
  return [
    '-- The roles. The three that log in have no password yet: set one with \\password, or use certificates. oneroof_runner never gets one that lasts.',
    ...['gate_owner', ...login, runner].map(
      (role) =>
        `do $do$ begin if to_regrole('${role}') is null then create role ${role} ${role === 'gate_owner' ? 'nologin' : 'login'} noinherit; end if;
exception when duplicate_object or unique_violation then null; end $do$;`,
    ),
    '-- An existing role is used only if it has no rights: they could bypass the gate.',
    `do $do$ declare o record; begin
  for o in ${roleProblems} loop raise exception using errcode = 'OR001', message = 'gate: roles: ' || o.why, hint = o.fix; end loop;
  if exists (select from pg_catalog.pg_roles where rolname = ${text(plan.appOwner)} and (rolsuper or rolreplication or rolbypassrls)) then
    raise exception 'a role of the gate has more rights than the gate allows';
  end if;
end $do$;`,
    ...(asOwner ? [`grant gate_owner, ${runner} to current_user;`] : []),
    'create schema gate;',
    'revoke all on schema gate from public;',
    tables,
    gateFunctions(plan),
    '-- The identity of this database, who may ratify, and the rules.',
    `insert into gate.identity (uri, app_owner, version, home) values (${text(plan.uri)}, ${text(plan.appOwner)}, ${gateVersion}, 'gate.identity'::regclass);`,
    'insert into gate.fence default values;',
    ...(['registry', 'policy'] as const).map(
      (kind) =>
        `insert into gate.documents (kind, digest, body) values ('${kind}', ${text(plan[kind].digest)}, ${text(plan[kind].body)});`,
    ),
    gateOwners(plan),
  ].join('\n');
}

/**
 * Writes the SQL that makes the gate's functions in a copy of a database that was made without its gate, for a rehearsal to ask them. It has nothing of the
 * original's contents: no identity, policy, registry or ratification. A superuser runs it, in one transaction.
 */
export function copiedGateSql({
  serverVersion,
  appOwner,
  as,
}: Omit<InstallPlan, 'uri' | 'policy' | 'registry'>): string {
  return [
    'create schema gate;',
    'revoke all on schema gate from public;',
    tables,
    gateFunctions({ serverVersion, as }),
    gateOwners({ appOwner, as: 'superuser' }),
  ].join('\n');
}

/** Writes the SQL that creates the gate's functions and triggers, owned by the role that runs it. */
export function gateFunctions({ serverVersion, as }: Pick<InstallPlan, 'serverVersion' | 'as'>): string {
  return [
    canonicalFunctions,
    p256Functions,
    assertionFunctions,
    formFunctions,
    purposeFunctions,
    peopleFunctions.replace('%SCHEMA_DIGEST%', () => schemaDigestBody(serverVersion)).replace('%SOFTWARE%', software),
    documentFunctions.replace('%SOFTWARE%', software),
    submitFunctions,
    changesFunctions,
    endingsFunctions,
    intactFunctions.replace('%PARAMETERS%', () => parameterRights(serverVersion)),
    releaseFunctions,
    openingFunctions,
    partitionFunctions,
    footprintFunctions.replace('%FOOTPRINT%', () => footprintBody(serverVersion)),
    driftFunctions,
    sessionFunctions,
    rolloutFunctions,
    loopbackFunctions,
    outsideFunctions,
    batchFunctions,
    readingFunctions,
    verdictFunctions,
    recordFunctions,
    as === 'superuser' ? eventTriggers : '',
  ].join('\n');
}

const takeDigest = 'update gate.identity set intact = gate.intact_digest();';

/** Inside PL/pgSQL: the present gate must equal what this program installs here. */
const requireDigest = (
  expected: string,
): string => `if (select intact from gate.identity) is distinct from ${text(expected)} then
    raise exception using errcode = 'OR001', message = 'gate: intact: the gate, its roles or their rights are not as this program installs them';
  end if;`;

/** Writes the SQL that sets owners, grants its functions to their callers, and computes the digest of the whole gate. */
export function gateOwners(plan: Pick<InstallPlan, 'appOwner' | 'as'> & { readonly expected?: string | null }): string {
  const { expected = null } = plan;
  const take = expected === null ? takeDigest : `${takeDigest}\n  ${requireDigest(expected)}`;
  const appOwner = id(plan.appOwner).text;
  return [
    '-- Owners and rights.',
    `grant usage on schema gate to ${[appOwner, ...login].join(', ')};`,
    `grant create on schema gate to gate_owner, ${appOwner}, ${runner};`,
    `do $do$ declare o record; begin
  for o in select p.oid::regprocedure as what from pg_proc p where p.pronamespace = 'gate'::regnamespace loop
    execute format('revoke all on function %s from public', o.what);
  end loop;
end $do$;`,
    '-- A grant follows its function to the new owner; afterwards the installing role could not grant it.',
    ...Object.entries(callerRights).map(
      ([role, functions]) => `do $do$ declare o record; begin
  for o in select p.oid::regprocedure as what from pg_proc p where p.pronamespace = 'gate'::regnamespace and p.proname in (${functions.map(text).join(', ')}) loop
    execute format('grant execute on function %s to %I', o.what, ${text(role)});
  end loop;
end $do$;`,
    ),
    `do $do$ declare o record; begin
  for o in select p.oid::regprocedure as what, p.proname from pg_proc p where p.pronamespace = 'gate'::regnamespace loop
    execute format('alter function %s owner to %I', o.what, case when o.proname in (${ofTheApplication.map(text).join(', ')}) then ${text(plan.appOwner)}
      when o.proname in (${ofTheRunner.map(text).join(', ')}) then '${runner}' else 'gate_owner' end);
  end loop;
  for o in select c.oid::regclass as what from pg_class c where c.relnamespace = 'gate'::regnamespace and c.relkind = 'r' loop
    execute format('alter table %s owner to gate_owner', o.what);
  end loop;
end $do$;`,
    `revoke create on schema gate from ${appOwner}, ${runner};`,
    'alter schema gate owner to gate_owner;',
    plan.as === 'owner'
      ? `revoke ${runner} from current_user;\nset local role gate_owner;\n${afterLeaving('close_install', take)}`
      : `do $do$ begin\n  ${take}\nend $do$;`,
  ].join('\n');
}

/**
 * Writes the SQL that runs a statement as gate_owner after the installing role has left gate_owner, for a session that is gate_owner now.
 * This is necessary because the digest includes memberships of the gate's roles. The function that does this removes itself and its grant.
 */
export function afterLeaving(name: string, statement: string): string {
  return `create function gate.${name}() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  execute format('revoke usage on schema gate from %I', session_user);
  drop function gate.${name}();
  ${statement}
end $gate$;
revoke all on function gate.${name}() from public;
do $do$ begin
  execute format('grant usage on schema gate to %I', session_user);
  execute format('grant execute on function gate.${name}() to %I', session_user);
end $do$;
set local role none;
revoke gate_owner from current_user;
do $do$ begin perform gate.${name}(); end $do$;`;
}

/** Refuses while a release is rolled out and its rollback is open: without the gate no rollback is possible. People may abandon the release. */
const refuseRollback = `do $do$ begin if exists (select from gate.status() s where s.next_down is not null and s.closed_down is null) then
  raise exception using errcode = 'OR001', message = 'gate: busy: a release is rolled out, and can still be rolled back';
end if; end $do$;`;

/** Waits for a running tier. */
export const waitForTier = 'lock table gate.fence in exclusive mode;';

/** The same, and refuses while a release is partly rolled out or rolled back. */
export const refuseHalfWay = `${waitForTier}
do $do$ begin if exists (select from gate.status() s
  where s.next_down is not null and (s.next_up is not null or s.done @> '[{"direction": "down"}]')) then
  raise exception using errcode = 'OR001', message = 'gate: busy: a release is half way';
end if; end $do$;`;

/** For a superuser, who owns them. */
export const dropEventTriggers = [
  'drop event trigger if exists oneroof_gate_ddl;',
  'drop event trigger if exists oneroof_gate_drop;',
];

/**
 * Writes the SQL that removes the gate. The roles stay, because other databases of the server may use them. It waits for a running tier,
 * and refuses while a release is half way or its rollback is open, until people abandon it.
 */
export function uninstallSql(as: InstallPlan['as'], even: 'whatever is half way' | null = null): string {
  const asOwner = as === 'owner';
  return [
    ...(asOwner ? ['grant gate_owner to current_user;', 'set local role gate_owner;'] : []),
    ...(even === null ? [refuseHalfWay, refuseRollback] : [waitForTier]),
    ...(asOwner ? [] : dropEventTriggers),
    'drop schema gate cascade;',
    ...(asOwner ? ['set local role none;', 'revoke gate_owner from current_user;'] : []),
  ].join('\n');
}

const software = softwareModels.map(text).join(', ');

function text(value: string): string {
  return literal(value).text;
}
