import { id, literal } from '../database/index.ts';
import { runner } from './callers.ts';
import { type InstallPlan } from './install.ts';

/** Where One Roof puts the extension dblink, if the database has it nowhere. */
const home = 'gate_loopback';

const functionsOfDblink = `select p.oid::regprocedure as what from pg_catalog.pg_extension e join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::regclass
    and d.refobjid = e.oid and d.deptype = 'e' and d.classid = 'pg_catalog.pg_proc'::regclass join pg_catalog.pg_proc p on p.oid = d.objid where e.extname = 'dblink'`;

/** What only a superuser may do for the loopback, or whom the provider lets create extensions. Leaves a dblink that is there where it is. */
export const dblinkSql = `do $do$ declare o record; begin
  if not exists (select from pg_catalog.pg_extension where extname = 'dblink') then
    create schema ${home};
    create extension dblink with schema ${home};
    for o in ${functionsOfDblink} loop execute format('revoke all on function %s from public', o.what); end loop;
  end if;
  for o in select n.nspname as what from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'dblink' loop
    execute format('grant usage on schema %I to gate_owner', o.what);
  end loop;
  for o in ${functionsOfDblink} loop execute format('grant execute on function %s to gate_owner', o.what); end loop;
end $do$;`;

/** Writes the SQL that lets the gate connect to its own database. Without a superuser, dblink must be there already. */
export function loopbackSql({ appOwner, as }: Pick<InstallPlan, 'appOwner' | 'as'>): string {
  return [
    '-- The loopback: the gate sends ratified statements that cannot run in a transaction over a connection to this database.',
    ...(as === 'superuser' ? [dblinkSql] : []),
    `grant ${id(appOwner).text} to ${runner};`,
    `do $do$ begin execute format('grant temporary on database %I to gate_owner', pg_catalog.current_database()); end $do$;`,
  ].join('\n');
}

/** Writes the SQL that takes the loopback away. */
export function withoutLoopbackSql({ appOwner, as }: Pick<InstallPlan, 'appOwner' | 'as'>): string {
  const dropped = `do $do$ begin
  if exists (select from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'dblink' and n.nspname = ${literal(home).text}) then
    drop extension dblink;
    drop schema ${home};
  end if;
end $do$;`;
  return [
    `do $do$ begin
  if exists (select from pg_catalog.pg_auth_members m where m.member = pg_catalog.to_regrole(${literal(runner).text}) and m.roleid = pg_catalog.to_regrole(${literal(id(appOwner).text).text})) then
    revoke ${id(appOwner).text} from ${runner};
  end if;
end $do$;`,
    `do $do$ begin execute format('revoke temporary on database %I from gate_owner', pg_catalog.current_database()); end $do$;`,
    ...(as === 'superuser' ? [dropped] : []),
  ].join('\n');
}
