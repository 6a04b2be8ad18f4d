import { fixed, id, type Sql, sql } from '../../database/index.ts';
import { type RelationShape, valueLength } from './examples.ts';

/** What a relation that holds rows looks like, as JSON; no row where there is none of that name. */
export function shapeOf(relation: string): Sql {
  return sql`
select jsonb_build_object('schema', n.nspname, 'table', c.relname, 'kind', c.relkind, 'populated', c.relispopulated,
  'columns', (select coalesce(jsonb_agg(a.attname), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'keys', (select coalesce(jsonb_agg(k.columns order by k.indisprimary desc, k.relname collate "C"), '[]') from (
    select i.indisprimary, x.relname, jsonb_agg(a.attname order by p.n) as columns
    from pg_index i join pg_class x on x.oid = i.indexrelid
    cross join lateral unnest(i.indkey::int2[]) with ordinality p(attnum, n)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = p.attnum
    where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and p.n <= i.indnkeyatts
    group by i.indexrelid, i.indisprimary, x.relname having bool_and(a.attnotnull)) k))::text as shape
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and format('%I.%I', n.nspname, c.relname) = ${relation}`;
}

/** The relation that is read, and its columns. */
export interface ComparedRelation {
  readonly shape: RelationShape;
  /** Of both sides, by name. */
  readonly columns: readonly string[];
  readonly key: readonly string[] | null;
}

/** Order hashes from which on the same bits count: the bits that are left out, and the prefixes; all rows where absent. */
export interface Within {
  readonly shift: number;
  readonly prefixes: readonly string[];
}

/** Counts and sums the rows, bucket by bucket. Fixed seeds: the same rows fall into the same buckets each time. */
export function buckets(of: ComparedRelation, at: { readonly shift: number; readonly within: Within | null }): Sql {
  return sql`
select (h.k >> ${at.shift}::integer)::text as bucket, count(*)::text as rows, sum(h.r::numeric)::text as sum, (min(h.k) = max(h.k))::text as single
from (${hashes(of, at.within)}) h group by 1`;
}

/** Lists the rows of some buckets by their hashes and places. */
export function entries(of: ComparedRelation, within: Within): Sql {
  return sql`select h.k::text, h.r::text, count(*)::text as copies, min(h.place)::text as place from (${hashes(of, within)}) h group by h.k, h.r`;
}

/** Fetches the first rows, in the order of their key text, of those at some places. */
export function fetched(
  of: ComparedRelation,
  at: { readonly places: readonly string[]; readonly limit: number; readonly values: boolean },
): Sql {
  const { columns, key } = of;
  const cut = (column: string): Sql => sql`left(${output(of, column)}, ${valueLength + 1}::integer)`;
  const texts = (list: readonly Sql[]): Sql => sql`to_jsonb(array[${joined(list)}]::text[])::text`;
  return sql`
select hashtextextended(f.place, 0)::text as k, f.r, left(f.place, ${valueLength}::integer) as order, f.key, f.hashes, f.values
from (select ${recordOf(of, key ?? columns)} as place, hashtextextended(${recordOf(of, columns)}, 1)::text as r,
    ${texts((key ?? []).map(cut))} as key,
    ${texts(columns.map((column) => sql`hashtextextended(${output(of, column)}, 0)::text`))} as hashes,
    ${texts(at.values ? columns.map(cut) : [])} as values
  from only ${id(of.shape.schema, of.shape.table)} t where t.ctid = any(${at.places}::tid[])) f
order by f.place, f.r limit ${at.limit}::integer`;
}

/** Each row's order hash (of its key, or of all of it), the hash of its text, and its place. */
function hashes(of: ComparedRelation, within: Within | null): Sql {
  const k = sql`hashtextextended(${recordOf(of, of.key ?? of.columns)}, 0)`;
  const r = sql`hashtextextended(${recordOf(of, of.columns)}, 1)`;
  const filter =
    within === null ? sql`` : sql` where ${k} >> ${within.shift}::integer = any(${within.prefixes}::bigint[])`;
  // offset 0: each row is hashed once
  return sql`select ${k} as k, ${r} as r, t.ctid as place from only ${id(of.shape.schema, of.shape.table)} t${filter} offset 0`;
}

/** The text of a record of columns: json and xml, which have no equality, have a text. */
function recordOf(of: ComparedRelation, columns: readonly string[]): Sql {
  return sql`(row(${joined(columns.map((column) => valueOf(of, column)))})::text collate "C")`;
}

/**
 * The text of a column as its type writes it. Not a cast to text, which trims character(n) and may be a function of the user's;
 * num_nulls, because `IS NULL` is true of a composite value whose fields are NULL.
 */
function output(of: ComparedRelation, column: string): Sql {
  const value = valueOf(of, column);
  return sql`(case num_nulls(${value}) when 0 then concat(${value}) end collate "C")`;
}

/** A column; of large objects, names of roles for their OIDs, and privileges in an order of their own. */
function valueOf({ shape }: ComparedRelation, column: string): Sql {
  if (shape.schema === 'pg_catalog' && shape.table === 'pg_largeobject_metadata') {
    if (column === 'lomowner') return sql`pg_get_userbyid(t.lomowner)`;
    if (column === 'lomacl')
      return sql`(select string_agg(a::text, ',' order by a::text collate "C") from unnest(t.lomacl) a)`;
  }
  return sql`t.${id(column)}`;
}

function joined(list: readonly Sql[]): Sql {
  return list.reduce((all, next, n) => (n === 0 ? next : sql`${all}, ${next}`), sql`${fixed('')}`);
}
