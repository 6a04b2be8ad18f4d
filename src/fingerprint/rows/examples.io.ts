import { id, type Session, type Sql, sql } from '../../database/index.ts';
import { type ComparedRelation, buckets, entries, fetched, shapeOf, type Within } from './examples.sql.ts';
import {
  type Bucket,
  comparableColumns,
  differingBuckets,
  type RowGroup,
  examplesOf,
  type Fetched,
  type RelationShape,
  type UnmatchedRows,
  surplus,
} from './examples.ts';
import { type RowExample } from '../fingerprint.ts';

/** The relation whose different rows are searched for, and what is shown of them. */
export interface ExamplesPlan {
  /** Qualified and quoted as in SQL, as in `RelationRows.relation`. */
  readonly relation: string;
  /** Rows, 3 where absent; at most 100. */
  readonly limit?: number;
  /** Absent: no values in the result, because production's rows may hold secrets. */
  readonly values?: 'shown';
}

const preset = 3;
const mostExamples = 100;
/** What one answer may hold: buckets by bits (1,024 at first), rows that are listed. */
const bitsOf = (prefixes: number): number => (prefixes <= 16 ? 10 : 7);
const mostListed = 1000;
/** Bits of an order hash. */
const width = 64;

/**
 * Finds rows that tell one relation of two databases apart, without transferring the relation: the servers hash their rows into
 * buckets, and only where two buckets differ is there a closer look. Columns that one side lacks are passed over.
 * Begins and ends a transaction of its own on both sides: neither session may be in one.
 *
 * Shape   sorted by key text, bytewise; the first of all where at most 1,000 rows are in buckets that differ, else the first of
 *         the first buckets. Empty where a side has no such relation, or where no common column differs.
 * Source  docs/FORMAT.md "Fingerprint".
 */
export async function findExamples(
  before: Session,
  after: Session,
  plan: ExamplesPlan,
): Promise<readonly RowExample[]> {
  const sides = [before, after] as const;
  const shapes = await both(sides, async (session) => {
    const [row] = await session.query<{ shape: string }>(shapeOf(plan.relation));
    return row === undefined ? null : (JSON.parse(row.shape) as RelationShape);
  });
  const [was, is] = shapes;
  if (was === null || is === null || !was.populated || !is.populated) return [];
  const common = comparableColumns(was, is);
  const limit = Math.min(Math.max(plan.limit ?? preset, 1), mostExamples);
  const looks: Pair<Look> = [
    { session: before, of: { ...common, shape: was } },
    { session: after, of: { ...common, shape: is } },
  ];
  try {
    await both(looks, begin);
    const within = await narrow(looks, limit);
    if (within.prefixes.length === 0) return [];
    const [a, b] = await both(looks, ({ session, of }) => session.query<RowGroup>(entries(of, within)));
    const [gone, come] = [surplus(a, b), surplus(b, a)];
    const [old, now] = await both(
      [
        { ...looks[0], surplus: gone },
        { ...looks[1], surplus: come },
      ],
      (look) => fetchSide(look, { limit, values: plan.values === 'shown' }),
    );
    return examplesOf(old, now, { ...common, limit });
  } finally {
    await both(sides, (session) => session.query(sql`rollback`));
  }
}

type Pair<T> = readonly [T, T];

interface Look {
  readonly session: Session;
  readonly of: ComparedRelation;
}

/** Asks both sides at the same time, and waits for both even where one fails: its session is still busy. */
async function both<T, R>([one, two]: Pair<T>, ask: (side: T) => Promise<R>): Promise<Pair<R>> {
  const [a, b] = await Promise.allSettled([ask(one), ask(two)]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}

async function begin({ session, of: { shape } }: Look): Promise<void> {
  await session.query(sql`begin isolation level repeatable read read only`);
  // a rewrite committed after our snapshot would show us an empty table; LOCK takes no snapshot, and no materialized view or catalogue
  if (shape.kind === 'r' && shape.schema !== 'pg_catalog')
    await session.query(sql`lock table only ${id(shape.schema, shape.table)} in access share mode`);
}

/** Descends into the buckets that differ, until few enough rows are left to list; no prefixes where nothing differs. */
async function narrow(looks: Pair<Look>, limit: number): Promise<Within> {
  let within: Within | null = null;
  for (let shift = width - bitsOf(1); ; shift -= bitsOf(within.prefixes.length)) {
    const at: { shift: number; within: Within | null } = { shift, within };
    const [a, b] = await both(looks, ({ session, of }) => bucketsOf(session, buckets(of, at)));
    const found = differingBuckets(a, b);
    const light = lightest(found);
    const enough = light.length === found.length || light.length >= limit;
    const chosen = enough ? light : found.slice(0, limit);
    within = { shift, prefixes: chosen.map(({ bucket }) => bucket) };
    if (enough || shift < bitsOf(chosen.length)) return within;
  }
}

/** The first buckets whose rows can all be listed. */
function lightest(found: ReturnType<typeof differingBuckets>): ReturnType<typeof differingBuckets> {
  let total = 0;
  const end = found.findIndex(({ weight }) => (total += weight) > mostListed);
  return end < 0 ? found : found.slice(0, end);
}

async function bucketsOf(session: Session, statement: Sql): Promise<readonly Bucket[]> {
  const rows = await session.query<{ bucket: string; rows: string; sum: string; single: string }>(statement);
  return rows.map((row) => ({ ...row, single: row.single === 'true' }));
}

async function fetchSide(
  look: Look & { readonly surplus: UnmatchedRows['surplus'] },
  plan: { readonly limit: number; readonly values: boolean },
): Promise<UnmatchedRows> {
  const places = look.surplus.map(({ place }) => place);
  if (places.length === 0) return { rows: [], surplus: [] };
  const rows = await look.session.query<Record<keyof Fetched, string>>(fetched(look.of, { ...plan, places }));
  return {
    surplus: look.surplus,
    rows: rows.map((row) => ({
      k: row.k,
      r: row.r,
      order: row.order,
      key: JSON.parse(row.key) as string[],
      hashes: JSON.parse(row.hashes) as (string | null)[],
      values: JSON.parse(row.values) as (string | null)[],
    })),
  };
}
