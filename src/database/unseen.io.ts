import { printable } from '../core/index.ts';
import { type Session } from './session.io.ts';
import { sql } from './sql.ts';

/** Tables or sequences that the observer cannot read, or will not be able to once they are made, and the statement that changes it. */
export interface Unseen {
  readonly text: string;
  readonly fix: string;
}

/**
 * Finds what the current role cannot read in the schemas of which it reads something: tables and sequences that are there, and those that
 * their owners will make, because ALTER DEFAULT PRIVILEGES counts for one owner only. Extensions' own tables do not count.
 *
 * Source  PostgreSQL manual, "ALTER DEFAULT PRIVILEGES" and the catalogue pg_default_acl.
 */
export async function findUnseen(reading: Pick<Session, 'query'>): Promise<readonly Unseen[]> {
  const rows = await reading.query<{ text: string; fix: string }>(sql`
    with me as (select oid, rolname from pg_roles where rolname = current_user and not rolsuper and not pg_has_role(oid, 'pg_read_all_data', 'USAGE')),
    all_relations as (
      select c.oid, n.oid as schema, n.nspname, c.relname, c.relowner, case c.relkind when 'S' then 'sequence' else 'table' end as kind,
        case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select') else has_table_privilege(c.oid, 'select') end as seen
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate', 'oneroof_evidence')
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')),
    relations as (select * from all_relations where schema in (select schema from all_relations where seen)),
    owners as (select distinct r.schema, r.nspname, r.relowner, k.kind, k.code from relations r, (values ('table', 'r'), ('sequence', 'S')) k(kind, code))
    select case count(*) when 1 then format('cannot read %s %I.%I', r.kind, r.nspname, min(r.relname))
          else format('cannot read %s %ss of schema %I, such as %I', count(*), r.kind, r.nspname, min(r.relname)) end as text,
        format('grant select on all %ss in schema %I to %I; -- as %I or a superuser', r.kind, r.nspname, me.rolname, pg_get_userbyid(r.relowner)) as fix
      from relations r, me where not r.seen group by r.kind, r.nspname, r.relowner, me.rolname
    union all
    select format('will not be able to read %ss that %I makes in schema %I from now on', o.kind, pg_get_userbyid(o.relowner), o.nspname),
        format('alter default privileges for role %I in schema %I grant select on %ss to %I; -- as %1$I or a superuser', pg_get_userbyid(o.relowner), o.nspname, o.kind, me.rolname)
      from owners o, me
      where not exists (select from pg_default_acl d, aclexplode(d.defaclacl) a
        where d.defaclrole = o.relowner and d.defaclnamespace in (0, o.schema) and d.defaclobjtype::text = o.code and a.privilege_type = 'SELECT'
          and (a.grantee = 0 or pg_has_role(me.oid, a.grantee, 'USAGE')))
    order by 1`);
  return rows.map((row) => ({ text: printable(row.text), fix: printable(row.fix) }));
}
