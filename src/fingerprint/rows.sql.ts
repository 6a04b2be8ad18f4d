/** Every relation that holds rows of its own, as JSON, with the reason why it cannot be read where there is one. */
export const rowRelations = `select jsonb_build_object('schema', n.nspname, 'table', c.relname, 'name', format('%I.%I', n.nspname, c.relname),
  'kind', c.relkind, 'populated', c.relispopulated,
  'columns', (select coalesce(jsonb_agg(a.attname), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'reason', case when c.relkind = 'f' then 'a foreign table: its rows are in another server'
    when not has_schema_privilege(n.oid, 'USAGE') then 'no USAGE on its schema'
    when not has_table_privilege(c.oid, 'SELECT') then 'no SELECT on it'
    when row_security_active(c.oid) then 'row security hides rows from this role' end)::text as found
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'f', 'S') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select jsonb_build_object('schema', 'pg_catalog', 'table', 'pg_largeobject', 'name', 'pg_catalog.pg_largeobject', 'kind', 'L', 'populated', true,
  'columns', '["loid", "pageno", "data"]'::jsonb,
  'reason', case when not has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') then 'no SELECT on large objects' end)::text
where exists (select from pg_largeobject_metadata)`;
