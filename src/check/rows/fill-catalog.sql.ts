import { fixed, sql } from '../../database/index.ts';

/** Own tables that rows can be put into: no views, no foreign tables, no partitioned table itself, nothing of an extension or a session. */
const tables = fixed(`
  select c.oid, c.relname, n.nspname, c.relispartition from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`);

/** Each table with its columns, rules, unique indexes and foreign keys, as JSON. */
export const tablesSql = sql`
  with tables as (${tables})
  select t.oid::text, format('%I.%I', t.nspname, t.relname) as name,
    case when t.relispartition then
      array(select a.relid::oid::text from pg_partition_ancestors(t.oid) a where a.relid <> t.oid) else '{}' end as roots,
    (select coalesce(json_agg(json_build_object(
        'number', a.attnum, 'name', quote_ident(a.attname), 'type', a.atttypid::text, 'modifier', a.atttypmod,
        'typeName', format_type(a.atttypid, a.atttypmod), 'isRequired', a.attnotnull,
        'generated', case a.attidentity when 'a' then 'always' when 'd' then 'byDefault'
          else case when pg_get_expr(d.adbin, d.adrelid) like 'nextval(%' then 'sequence' else 'no' end end,
        'constant', pg_get_expr(d.adbin, d.adrelid)) order by a.attnum), '[]')
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
    (select coalesce(json_agg(json_build_object(
        'number', a.attnum, 'name', quote_ident(a.attname), 'sql', pg_get_expr(d.adbin, d.adrelid), 'columns', array(
          select distinct x.refobjsubid from pg_depend x where x.refobjid = t.oid and x.refobjsubid > 0 and x.refobjsubid <> a.attnum
            and (x.classid = 'pg_class'::regclass and x.objid = t.oid and x.objsubid = a.attnum or x.classid = 'pg_attrdef'::regclass and x.objid = d.oid)))
        order by a.attnum), '[]')
      from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = t.oid and a.attgenerated <> '' and not a.attisdropped) as computed,
    (select coalesce(json_agg(json_build_object('sql', r.sql, 'columns', r.columns) order by r.name), '[]') from (
        select k.conname::text as name, pg_get_expr(k.conbin, k.conrelid) as sql, k.conkey as columns
        from pg_constraint k where k.conrelid = t.oid and k.contype = 'c' and k.conkey is not null
        union all
        select '', pg_get_partition_constraintdef(t.oid), array(
          select a.attnum from pg_partition_ancestors(t.oid) p join pg_partitioned_table q on q.partrelid = p.relid
          join pg_attribute b on b.attrelid = p.relid and b.attnum = any (q.partattrs::int2[]) join pg_attribute a on a.attrelid = t.oid and a.attname = b.attname)
        where t.relispartition and pg_get_partition_constraintdef(t.oid) is not null) r) as rules,
    (select coalesce(json_agg(u.columns order by u.name), '[]') from (
        select x.relname as name, array(
          select distinct d.refobjsubid from pg_depend d where d.refobjid = t.oid and d.refobjsubid > 0
            and (d.classid = 'pg_class'::regclass and d.objid = i.indexrelid or d.classid = 'pg_constraint'::regclass and d.objid in (
              select k.oid from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))) order by 1) as columns
        from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = t.oid and (i.indisunique or i.indisexclusion)) u) as uniques,
    (select coalesce(json_agg(json_build_object(
        'columns', f.conkey, 'parent', f.confrelid::text, 'isFull', f.confmatchtype = 'f',
        'parentName', (select format('%I.%I', m.nspname, p.relname) from pg_class p join pg_namespace m on m.oid = p.relnamespace where p.oid = f.confrelid),
        'parentColumns', array(select quote_ident(a.attname) from unnest(f.confkey) with ordinality as u(number, at)
          join pg_attribute a on a.attrelid = f.confrelid and a.attnum = u.number order by u.at)) order by cardinality(f.conkey) desc, f.conname), '[]')
      from pg_constraint f where f.conrelid = t.oid and f.contype = 'f'
        and not exists (select from pg_constraint p where p.oid = f.conparentid and p.conrelid = f.conrelid)) as keys
  from tables t order by t.nspname collate "C", t.relname collate "C"`;

/** The types of their columns, and all that those are made of. */
export const typesSql = sql`
  with recursive tables as (${tables}), needed(oid) as (
    select distinct a.atttypid from pg_attribute a join tables on tables.oid = a.attrelid where a.attnum > 0 and not a.attisdropped
    union
    select part.oid from needed join pg_type t on t.oid = needed.oid cross join lateral (
      select t.typelem union all select t.typbasetype
      union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid
      union all select r.rngtypid from pg_range r where r.rngmultitypid = t.oid
      union all select a.atttypid from pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) part(oid) where part.oid <> 0)
  select t.oid::text, t.typname::text as name,
    case when e.oid is not null then 'array' else
      case t.typtype when 'd' then 'domain' when 'e' then 'enum' when 'r' then 'range' when 'm' then 'multirange' when 'c' then 'composite' else 'base' end
    end as kind,
    coalesce(e.oid, nullif(t.typbasetype, 0), r.rngsubtype, m.rngtypid)::text as of,
    t.typtypmod as modifier, format_type(nullif(t.typbasetype, 0), t.typtypmod) as base, t.typnotnull as "isRequired",
    array(select enumlabel::text from pg_enum where enumtypid = t.oid order by enumsortorder) as labels,
    (select coalesce(json_agg(json_build_object('type', a.atttypid::text, 'modifier', a.atttypmod) order by a.attnum), '[]')
      from pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as fields,
    -- with 17 a NOT NULL of a domain is a constraint too
    array(select pg_get_expr(k.conbin, 0) from pg_constraint k where k.contypid = t.oid and k.contype = 'c' order by k.conname) as checks
  from needed join pg_type t on t.oid = needed.oid
  left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
  left join pg_range r on r.rngtypid = t.oid left join pg_range m on m.rngmultitypid = t.oid`;
