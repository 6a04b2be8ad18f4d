import { type Sql, sql, fixed } from '../../database/index.ts';
import { type ChangeMark } from '../fingerprint.ts';

/** SQL: a relation whose changes are in the WAL, block by block. */
const blockwise = `c.relkind in ('r', 'm') and c.relpersistence = 'p' and (c.relnamespace >= 16384 or c.relnamespace = to_regnamespace('public') or c.oid in ('pg_largeobject'::regclass, 'pg_largeobject_metadata'::regclass))`;

/**
 * SQL: what decides whether two copies of one relation read equal blocks as equal rows, by the relation's name: its files, and its live
 * columns with everything that the bytes of a row mean by. OIDs are compared here, because both sides are copies of one database: a type
 * that was dropped and made again is another type. `settled`: no column's text depends on other objects (reg… types), on a composite
 * type, or on an expression.
 */
const shapes = (blockwise: string): string => `with recursive live as (
  select c.oid as relation, a.* from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where ${blockwise}
), part(type, inside) as (
  select distinct atttypid, atttypid from live
  union
  select part.type, deeper.oid from part join pg_type t on t.oid = part.inside
    cross join lateral (select case when t.typtype = 'd' then t.typbasetype when t.typcategory = 'A' then t.typelem
      else (select r.rngsubtype from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)) end as oid) deeper
  where deeper.oid <> 0
), type as (
  select part.type, bool_and(t.typtype in ('b', 'd', 'e', 'm', 'r') and t.typname !~ '^reg') as settled,
    (select jsonb_agg(jsonb_build_array(e.enumtypid, e.oid, e.enumlabel) order by e.oid) from pg_enum e where e.enumtypid = any(array_agg(part.inside))) as labels
  from part join pg_type t on t.oid = part.inside group by part.type
)
select format('%I.%I', n.nspname, c.relname) as name, pg_relation_filenode(c.oid)::text as file, pg_relation_filenode(nullif(c.reltoastrelid, 0))::text as toast,
  (m.amname is not distinct from 'heap' and coalesce(bool_and(type.settled and live.attgenerated in ('', 's')), true))::text as settled,
  coalesce(jsonb_agg(jsonb_build_array(live.attnum, live.attname, live.atttypid, live.atttypmod, live.attlen, live.attbyval, live.attalign,
    live.atthasmissing, live.attmissingval::text, type.labels) order by live.attnum) filter (where live.attnum is not null), '[]')::text as shape
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_am m on m.oid = c.relam
  left join live on live.relation = c.oid left join type on type.type = live.atttypid
where ${blockwise}
group by c.oid, n.nspname, c.relname, c.reltoastrelid, m.amname`;

/** Asks for the shapes of all relations, or of some of them by OID; large objects are among them either way. */
export function shapesOf(oids: readonly string[] | null): Sql {
  if (oids === null) return sql`${fixed(shapes(blockwise))}`;
  const large = `c.oid in ('pg_largeobject'::regclass, 'pg_largeobject_metadata'::regclass)`;
  return { text: shapes(`${blockwise} and (c.oid = any($1::oid[]) or ${large})`), values: [oids] };
}

/**
 * Asks for the blocks of this database's main forks that WAL touched after a mark, as ranges by file. A limit block means "this block and
 * all after it"; file 0 means the whole database.
 */
export function changedBlocks(mark: ChangeMark): Sql {
  return sql`with touched as (
    select x.relfilenode as file, x.relblocknumber as block, x.is_limit_block as cut
    from pg_available_wal_summaries() s cross join lateral pg_wal_summary_contents(s.tli, s.start_lsn, s.end_lsn) x
    where s.tli = ${mark.timeline} and s.end_lsn > ${mark.lsn}::pg_lsn and x.relforknumber = 0
      and x.reldatabase = (select oid from pg_database where datname = current_database())
  ), cut as (
    select file, min(block) as block from touched where cut group by file
  ), single as (
    select distinct t.file, t.block from touched t left join cut on cut.file = t.file
    where not t.cut and t.block < coalesce(cut.block, 4294967295)
  ), range as (
    select file, min(block) as first, max(block) + 1 as after
    from (select file, block, block - row_number() over (partition by file order by block) as island from single) i
    group by file, island
    union all
    select file, block, null from cut
  )
  select file::text, jsonb_agg(jsonb_build_array(first, after) order by first)::text as ranges from range group by file`;
}

/** Asks whether the summaries reach from a mark to a position: `there`, `behind`, or `gap`. */
export function summarized(mark: ChangeMark, to: string): Sql {
  return sql`select case when count(*) = 0 or max(end_lsn) < ${to}::pg_lsn then 'behind'
      when min(start_lsn) > ${mark.lsn}::pg_lsn or bool_or(gap) then 'gap' else 'there' end as state
    from (select start_lsn, end_lsn,
        start_lsn > max(end_lsn) over (order by start_lsn, end_lsn rows between unbounded preceding and 1 preceding) as gap
      from pg_available_wal_summaries() where tli = ${mark.timeline} and end_lsn > ${mark.lsn}::pg_lsn) s`;
}
