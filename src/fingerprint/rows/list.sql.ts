import { fixed, type Sql, sql } from '../../database/index.ts';

/** SQL: a relation of the user's that holds rows, or a sequence. */
const listed = `c.relkind in ('r', 'm', 'f', 'S') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** SQL: a type two values of which may have one text: numbers that are not a number, and whatever a user's input function reads. */
const inexact = `(y.oid in (700, 701, 600, 601, 602, 603, 604, 628, 718)
  or y.typtype = 'b' and y.oid >= 16384 and not (y.typlen = -1 and y.typelem <> 0 and y.typcategory = 'A'))`;

/**
 * Every relation that holds rows of its own and every sequence, as JSON, with the reason why it cannot be read where there is one.
 * Sizes are the catalogue's estimates: to ask the files would wait for locks.
 */
const rowRelations = (listed: string): string => `with recursive part (type, part) as (
  select distinct a.atttypid, a.atttypid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where ${listed}
  union
  select p.type, x.part from part p join pg_type y on y.oid = p.part
  cross join lateral (select y.typelem where y.typelem <> 0 union all select y.typbasetype where y.typbasetype <> 0
    union all select r.rngsubtype from pg_range r where y.oid in (r.rngtypid, r.rngmultitypid)
    union all select a.atttypid from pg_attribute a where a.attrelid = y.typrelid and y.typrelid <> 0 and a.attnum > 0 and not a.attisdropped) x (part)
), unstable as (
  select p.type, min(format_type(y.oid, null)) as name from part p join pg_type y on y.oid = p.part join pg_proc f on f.oid = y.typoutput
  where f.provolatile = 'v' or y.typtype = 'p' group by p.type
), exact as (
  select p.type, t.typsend::oid as send, bool_or(y.oid = 142) as xml, coalesce(nullif(t.typbasetype, 0), t.oid) = 142 as own, t.typelem = 142 as list,
    min(format_type(y.oid, null)) filter (where ${inexact} and y.typsend = 0) as mute
  from part p join pg_type y on y.oid = p.part join pg_type t on t.oid = p.type where y.oid = 142 or ${inexact}
  group by p.type, t.oid, t.typsend, t.typbasetype, t.typelem
)
select jsonb_build_object('schema', n.nspname, 'table', c.relname, 'name', format('%I.%I', n.nspname, c.relname),
  'kind', c.relkind, 'populated', c.relispopulated, 'oid', c.oid::text, 'file', c.relfilenode::text, 'heap', coalesce(m.amname = 'heap', false),
  'pages', greatest(c.relpages, 0), 'bytes', greatest(c.relpages, 0)::bigint * 8192, 'toast', c.reltoastrelid::text,
  'columns', (select coalesce(jsonb_agg(a.attname), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'forms', (select coalesce(jsonb_object_agg(a.attname, case when e.own then 'text' when e.list then 'text[]' else (select format('%I.%I', fn.nspname, f.proname) from pg_proc f join pg_namespace fn on fn.oid = f.pronamespace where f.oid = e.send) end), '{}')
    from pg_attribute a join exact e on e.type = a.atttypid where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'reason', case when c.relkind = 'f' then 'a foreign table: its rows are on another server'
    when not has_schema_privilege(n.oid, 'USAGE') then 'no USAGE on its schema'
    when not has_table_privilege(c.oid, 'SELECT') then 'no SELECT on it'
    when row_security_active(c.oid) then 'row security hides rows from this role'
    when exists (select from pg_attribute a join exact e on e.type = a.atttypid where a.attrelid = c.oid and not a.attisdropped and (e.mute is not null or e.xml and not e.own and not e.list))
      then (select format('column %I: two values of type %s may have the same text, and it has no binary form', min(a.attname), min(coalesce(e.mute, 'xml')))
        from pg_attribute a join exact e on e.type = a.atttypid where a.attrelid = c.oid and not a.attisdropped and (e.mute is not null or e.xml and not e.own and not e.list))
    else (select format('column %I: the text of type %s may change from one reading to the next', min(a.attname), min(u.name))
      from pg_attribute a join unstable u on u.type = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped having count(*) > 0) end)::text as found
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_am m on m.oid = c.relam
where ${listed}
union all
select jsonb_build_object('schema', 'pg_catalog', 'table', c.relname, 'name', format('pg_catalog.%I', c.relname), 'kind', 'L',
  'populated', true, 'oid', c.oid::text, 'file', c.relfilenode::text, 'heap', true, 'pages', greatest(c.relpages, 0),
  'bytes', greatest(c.relpages, 0)::bigint * 8192, 'toast', '0',
  'columns', '[]'::jsonb, 'forms', '{}'::jsonb, 'reason', case when not has_table_privilege(c.oid, 'SELECT') then 'no SELECT on large objects' end)::text
from pg_class c where c.oid in ('pg_catalog.pg_largeobject'::regclass, 'pg_catalog.pg_largeobject_metadata'::regclass)
  and exists (select from pg_largeobject_metadata)`;

/** SQL: one of some relations, by the first parameter. */
const among = `c.oid = any($1::oid[])`;

/** Asks for all relations that hold rows, or for some of them by OID. */
export function relationsWithRows(oids: readonly string[] | null): Sql {
  if (oids === null) return sql`${fixed(rowRelations(listed))}`;
  return { text: rowRelations(`${listed} and ${among}`), values: [oids] };
}

/** How many relations hold rows, beside some. */
export function countOthers(oids: readonly string[]): Sql {
  return sql`select count(*)::text as count from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${fixed(listed)} and c.relkind <> 'S' and c.oid <> all(${oids}::oid[])`;
}

/**
 * Asks for the relations whose rows may differ from another copy's: in files that changed, or whose definition is not known to be the same, or of
 * which WAL and blocks do not tell: unlogged ones, foreign ones, types whose text depends on other objects.
 */
export function perhapsChanged(of: { readonly files: readonly string[]; readonly oids: readonly string[] }): Sql {
  return sql`with recursive unsettled (type) as (
    select oid from pg_type where typtype not in ('b', 'd', 'e', 'm', 'r') or typname ~ '^reg'
    union select x.oid from unsettled u join (select typelem as type, oid from pg_type where typelem <> 0
      union all select typbasetype, oid from pg_type where typbasetype <> 0
      union all select rngsubtype, unnest(array[rngtypid, rngmultitypid]) from pg_range) x on x.type = u.type
  )
  select c.oid::text as oid from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_am m on m.oid = c.relam
    where ${fixed(listed)} and (c.relfilenode = any(${of.files}::oid[]) or c.oid = any(${of.oids}::oid[])
      or c.relpersistence = 'u' or c.relkind = 'f' or c.relkind in ('r', 'm') and m.amname is distinct from 'heap')
  union select c.oid::text from pg_class t join pg_class c on c.reltoastrelid = t.oid join pg_namespace n on n.oid = c.relnamespace
    where ${fixed(listed)} and t.relfilenode = any(${of.files}::oid[])
  union select c.oid::text from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join unsettled u on u.type = a.atttypid
    where ${fixed(listed)} and a.attnum > 0 and not a.attisdropped and (u.type is not null or a.attgenerated not in ('', 's'))`;
}
