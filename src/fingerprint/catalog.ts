/** A query over one kind of object; the columns that exist depend on the server's version (e.g. 180004). */
export type CatalogQuery = (serverVersion: number) => string;

/** SQL: the privileges as a sorted list of words, with the built-in defaults filled in, so that neither order nor NULL matters. */
export function acl(of: { readonly column: string; readonly type: string; readonly owner: string }): string {
  return explode(`coalesce(${of.column}, acldefault('${of.type}', ${of.owner}))`);
}

/** SQL: the same for privileges that have no defaults. */
export function explode(column: string): string {
  return `(select coalesce(jsonb_agg(x.w order by x.w collate "C"), '[]') from (select concat_ws(' ', e.privilege_type, 'to',
    case when e.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(e.grantee)) end,
    case when e.is_grantable then 'with grant option' end, 'by', quote_ident(pg_get_userbyid(e.grantor))) as w
    from aclexplode(${column}) e) x)`;
}

/** SQL: a text array as a sorted list; NULL is the empty list. */
export function sorted(array: string): string {
  return `(select coalesce(jsonb_agg(o order by o collate "C"), '[]') from unnest(${array}) o)`;
}

/**
 * SQL: a list of `name=value` options with each value hashed, sorted; NULL is the empty list. Values may be credentials, and
 * differences reach evidence and reports.
 */
export function hashed(array: string): string {
  const value = `encode(sha256(convert_to(substr(o, strpos(o, '=') + 1), 'UTF8')), 'hex')`;
  return sorted(`array(select split_part(o, '=', 1) || '=sha256:' || ${value} from unnest(${array}) o)`);
}

/** SQL: the object is the user's: not a system object and not a member of an extension. */
export function own(catalog: string, oid: string): string {
  return `${oid} >= 16384 and not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;
}

/** SQL: the namespace n is not one of the system's. */
export const userSchema = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** SQL: the qualified name of a relation by OID. */
export function relation(oid: string): string {
  return `(select format('%I.%I', rn.nspname, rc.relname) from pg_class rc join pg_namespace rn on rn.oid = rc.relnamespace where rc.oid = ${oid})`;
}
