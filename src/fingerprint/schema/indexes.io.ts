import { type Session, sql } from '../../database/index.ts';

/** An index that was kept up while something that it is made of was perhaps another than it is now. */
export interface DoubtfulIndex {
  readonly table: string;
  readonly index: string;
  /** What was written, e.g. `function norm(text)`. */
  readonly ingredient: string;
}

/**
 * Lists the indexes of some tables (named as in SQL, and all that the server counts changed rows of, whatever their name was then) of which an ingredient was written since a transaction, although its definition may be equal again, and which were not
 * built again after that: a function, operator, operator class or collation, text search, or the index's own flags. Where rows of the table
 * were written too, the contents of the index may be wrong: lookups miss rows, and a unique index takes a value twice.
 *
 * Which functions a function calls is in no catalogue, so an index that calls a user's function has every user's function as an ingredient.
 *
 * Source  PostgreSQL manual, "CREATE FUNCTION" (IMMUTABLE), "Index Expressions"; system columns xmin and cmin.
 */
export async function doubtfulIndexes(
  session: Session,
  of: { readonly since: string; readonly tables: ReadonlySet<string> },
): Promise<readonly DoubtfulIndex[]> {
  const { since, tables } = of;
  return session.query<DoubtfulIndex & Record<string, string>>(sql`
    with written as materialized (
      select 'pg_proc'::regclass as classid, oid as objid, xmin, cmin from pg_proc where age(xmin) <= age(${since}::xid)
      union all select 'pg_operator'::regclass, oid, xmin, cmin from pg_operator where age(xmin) <= age(${since}::xid)
      union all select 'pg_opclass'::regclass, oid, xmin, cmin from pg_opclass where age(xmin) <= age(${since}::xid)
      union all select 'pg_opfamily'::regclass, amopfamily, xmin, cmin from pg_amop where age(xmin) <= age(${since}::xid)
      union all select 'pg_opfamily'::regclass, amprocfamily, xmin, cmin from pg_amproc where age(xmin) <= age(${since}::xid)
      union all select 'pg_collation'::regclass, oid, xmin, cmin from pg_collation where age(xmin) <= age(${since}::xid)
      union all select 'pg_type'::regclass, enumtypid, xmin, cmin from pg_enum where age(xmin) <= age(${since}::xid)
      union all select 'pg_ts_config'::regclass, oid, xmin, cmin from pg_ts_config where age(xmin) <= age(${since}::xid)
      union all select 'pg_ts_config'::regclass, mapcfg, xmin, cmin from pg_ts_config_map where age(xmin) <= age(${since}::xid)
      union all select 'pg_ts_dict'::regclass, oid, xmin, cmin from pg_ts_dict where age(xmin) <= age(${since}::xid)
      union all select 'pg_index'::regclass, indexrelid, xmin, cmin from pg_index where age(xmin) <= age(${since}::xid)
    ), changed (oid) as materialized (
      select to_regclass(t)::oid from unnest(${[...tables]}::text[]) t
      union select relid from pg_stat_all_tables where n_tup_ins + n_tup_upd + n_tup_del > 0
    ), index as materialized (
      select i.indexrelid, i.indrelid, i.indclass, i.indcollation, c.xmin as built, c.cmin as at,
        age(c.xmin) <= age(${since}::xid) as made, i.indexprs is not null or i.indpred is not null as computes
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where c.relkind = 'i' and i.indrelid in (select oid from changed) and exists (select from written)
    ), class as (
      select i.indexrelid, o.oid, o.opcfamily from index i cross join lateral unnest(i.indclass) u(oid) join pg_opclass o on o.oid = u.oid
    ), ingredient as (
      select objid as indexrelid, refclassid as classid, refobjid as oid from pg_depend
        where classid = 'pg_class'::regclass and objid in (select indexrelid from index)
      union select i.indexrelid, 'pg_collation'::regclass, u.oid from index i cross join lateral unnest(i.indcollation) u(oid)
      union select indexrelid, 'pg_opclass'::regclass, oid from class
      union select indexrelid, 'pg_opfamily'::regclass, opcfamily from class
      union select k.indexrelid, 'pg_operator'::regclass, a.amopopr from class k join pg_amop a on a.amopfamily = k.opcfamily
      union select k.indexrelid, 'pg_proc'::regclass, o.oprcode::oid from class k join pg_amop a on a.amopfamily = k.opcfamily join pg_operator o on o.oid = a.amopopr
      union select k.indexrelid, 'pg_proc'::regclass, a.amproc::oid from class k join pg_amproc a on a.amprocfamily = k.opcfamily
      union select i.indexrelid, 'pg_type'::regclass, t.oid from index i join pg_attribute a on a.attrelid = i.indexrelid
        join pg_type t on a.atttypid in (t.oid, t.typarray)
    ), calling as (
      select indexrelid from ingredient where classid = 'pg_proc'::regclass and oid >= 16384
    ), found as (
      select g.indexrelid, w.* from ingredient g join written w on (w.classid, w.objid) = (g.classid, g.oid)
      union all select c.indexrelid, w.* from calling c join written w on w.classid = 'pg_proc'::regclass
      union all select i.indexrelid, w.* from index i join written w on i.computes
        and (w.classid in ('pg_ts_config'::regclass, 'pg_ts_dict'::regclass) or w.classid = 'pg_proc'::regclass and w.objid < 16384)
      union all select i.indexrelid, w.* from index i join written w on w.classid = 'pg_index'::regclass and w.objid = i.indexrelid and not i.made
    )
    select distinct on (i.indexrelid) format('%I.%I', tn.nspname, t.relname) as table, format('%I.%I', tn.nspname, x.relname) as index,
      case when w.classid = 'pg_index'::regclass then 'its own flags' else pg_describe_object(w.classid, w.objid, 0) end as ingredient
    from found w join index i on i.indexrelid = w.indexrelid join pg_class x on x.oid = i.indexrelid
      join pg_class t on t.oid = i.indrelid join pg_namespace tn on tn.oid = t.relnamespace
    where tn.nspname !~ '^pg_' and tn.nspname <> 'information_schema'
      and not (age(i.built) < age(w.xmin) or i.built = w.xmin and i.at::text::bigint > w.cmin::text::bigint)
    order by i.indexrelid, age(w.xmin), w.cmin::text::bigint desc`);
}
