import { fixed, id, type Sql, sql, unionAll } from '../../database/index.ts';
import { noBlock, type Range } from './changed.ts';
import type { RowHash } from '../fingerprint.ts';
import { columnsKey, type CatalogRelation, type RowRange } from './plan.ts';

/** How a row becomes numbers that can be added. */
export interface Hashing {
  readonly hash: RowHash;
  readonly seeds: readonly [string, string];
  readonly serverVersion: number;
  /** Columns that are left out, by the `columnsKey` of their relation. */
  readonly except?: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** SQL over `t`: of the relations that are named here, only the rows for which it is true are read. */
  readonly only?: ReadonlyMap<string, string> | undefined;
}

/** What a reading query answers for each piece; `sums` in the order of the hash's lanes, with commas between. */
export interface PieceAnswer {
  readonly at: string;
  readonly rows: string;
  readonly sums: string;
  readonly file: string;
}

/** The number of sums that a hash has. */
export const lanes = { fast: 2, strong: 4 } as const satisfies Record<RowHash, number>;

/**
 * The row as text, the columns by name: a column that went and came back at the end is in the same place.
 * Text, because the hash of values calls 1.0 and 1.00, 0 and -0, 'A' and 'a' (citext) equal; in collation C, because a hash follows
 * the collation.
 */
export function rowText(of: CatalogRelation, except?: ReadonlySet<string>): Sql {
  // names of roles for their OIDs, and privileges in an order of their own
  if (of.name === 'pg_catalog.pg_largeobject_metadata')
    return sql`row(t.oid, pg_get_userbyid(t.lomowner), (select string_agg(a::text, ',' order by a::text collate "C") from unnest(t.lomacl) a))::text collate "C"`;
  const columns =
    of.kind === 'L' ? ['data', 'loid', 'pageno'] : of.columns.filter((name) => except?.has(name) !== true).sort();
  return sql`row(${fixed(columns.map((column) => valueOf(column, of.forms[column])).join(', '))})::text collate "C"`;
}

/** SQL: a column so that two values that a client can distinguish have two texts. */
function valueOf(column: string, form: string | undefined): string {
  const name = id('t', column).text;
  if (form === undefined) return name;
  // the name of a send function comes quoted from the catalogue
  return form === 'text' || form === 'text[]' ? `${name}::${form}` : `${name}, ${form}(${name})`;
}

/**
 * One query for the number of rows and the sums of their hashes, for each piece.
 * Sums and not XOR, which two equal rows leave unchanged. The sum of bigint is exact in PostgreSQL: it is kept in 128 bits.
 */
export function readPieces(pieces: readonly RowRange[], hashing: Hashing): Sql {
  return unionAll(pieces.map((piece, at) => readPiece(piece, { ...hashing, at })));
}

/**
 * Where the rows of a relation are. Of large objects every page as a client reads it: a page that is not there reads as zeros, and so does the
 * end of one that is not the last; how long the last one is decides the length.
 */
function source(of: CatalogRelation): Sql {
  if (of.name !== 'pg_catalog.pg_largeobject') return sql`only ${id(of.schema, of.table)} t`;
  return sql`(select l.ctid, l.loid, l.pageno, l.isLast, case when l.isLast then l.data else rtrim(l.data, '\\000'::bytea) end as data
    from (select p.*, p.ctid, not exists (select from pg_largeobject later where later.loid = p.loid and later.pageno > p.pageno) as isLast from pg_largeobject p) l
    where l.isLast or rtrim(l.data, '\\000'::bytea) <> '') t`;
}

function readPiece(piece: RowRange, hashing: Hashing & { readonly at: number }): Sql {
  const { of, from, to } = piece;
  const only = hashing.only?.get(of.name);
  const bounds = [
    ...(from === null ? [] : [sql`t.ctid >= ${`(${from},0)`}::tid`]),
    ...(to === null ? [] : [sql`t.ctid < ${`(${to},0)`}::tid`]),
    ...(only === undefined ? [] : [sql`(${fixed(only)})`]),
  ];
  const range = bounds.length === 0 ? sql`` : sql`where ${bounds.reduce((all, next) => sql`${all} and ${next}`)}`;
  const { value, sums } = lanesOf(of, hashing);
  // offset 0 keeps the planner from writing the row's text into each sum, to be made once for each
  return sql`select ${hashing.at}::int as at, count(*)::text as rows, concat_ws(',', ${sums}) as sums, pg_relation_filenode(${of.oid}::oid)::text as file
    from (select ${value} as x from ${source(of)} ${range} offset 0) r`;
}

/** The same for the rows in some blocks of one relation. */
export function readBlocks(of: CatalogRelation, blocks: readonly Range[], hashing: Hashing): Sql {
  const { value, sums } = lanesOf(of, hashing);
  return sql`select 0 as at, count(*)::text as rows, concat_ws(',', ${sums}) as sums, pg_relation_filenode(${of.oid}::oid)::text as file
    from (select b.x from unnest(${blocks.map(([first]) => first)}::bigint[], ${blocks.map(([, after]) => after ?? noBlock)}::bigint[]) g(first, after)
      cross join lateral (select ${value} as x from ${source(of)}
        where t.ctid >= format('(%s,0)', g.first)::tid and t.ctid < format('(%s,0)', g.after)::tid offset 0) b) r`;
}

function lanesOf(of: CatalogRelation, hashing: Hashing): Lanes {
  return hashing.hash === 'fast' ? fast(of, hashing) : strong(of, hashing);
}

interface Lanes {
  readonly value: Sql;
  readonly sums: Sql;
}

function fast(of: CatalogRelation, { seeds, except }: Hashing): Lanes {
  return {
    value: rowText(of, except?.get(columnsKey(of))),
    sums: sql`coalesce(sum(hashtextextended(r.x, ${seeds[0]}::bigint)), 0), coalesce(sum(hashtextextended(r.x, ${seeds[1]}::bigint)), 0)`,
  };
}

/** The seeds come first: sums of a hash that is known beforehand can be aimed at, whatever the hash. */
function strong(of: CatalogRelation, { seeds, serverVersion, except }: Hashing): Lanes {
  const hashed = sql`sha256(convert_to(${`${seeds[0]} ${seeds[1]} `} || ${rowText(of, except?.get(columnsKey(of)))}, 'UTF8'))`;
  const starts = [0, 1, 2, 3];
  // bytea has a cast to bigint since 18
  if (serverVersion >= 180000)
    return {
      value: hashed,
      sums: fixedList(starts.map((n) => `coalesce(sum(substr(r.x, ${n * 8 + 1}, 8)::bigint), 0)`)),
    };
  return {
    value: sql`('x' || encode(${hashed}, 'hex'))::bit(256)`,
    sums: fixedList(starts.map((n) => `coalesce(sum(substring(r.x from ${n * 64 + 1} for 64)::bigint), 0)`)),
  };
}

/** The positions of sequences, one row for each. */
export function readPositions(sequences: readonly CatalogRelation[]): Sql {
  return unionAll(
    sequences.map(
      (of, at) =>
        sql`select ${at}::int as at, last_value::text as value, is_called::text as called,
          (select seqincrement from pg_sequence where seqrelid = ${of.oid}::oid)::text as increment from ${id(of.schema, of.table)}`,
    ),
  );
}

/**
 * Locks tables against rewriting and TRUNCATE, which would show an older snapshot an empty table. It takes no snapshot itself, so it
 * can come first in the transaction whose snapshot is to be kept.
 *
 * Source  PostgreSQL manual, "Caveats" of "Concurrency Control", and LOCK.
 */
export function lockTables(tables: readonly CatalogRelation[]): Sql {
  return sql`lock table ${fixed(tables.map((of) => `only ${id(of.schema, of.table).text}`).join(', '))} in access share mode`;
}

function fixedList(parts: readonly string[]): Sql {
  return sql`${fixed(parts.join(', '))}`;
}
