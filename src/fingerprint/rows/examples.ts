import { truncate } from '../../core/index.ts';
import { type RowExample } from '../fingerprint.ts';

/** What a relation looks like on one side. */
export interface RelationShape {
  readonly schema: string;
  readonly table: string;
  readonly kind: string;
  readonly populated: boolean;
  readonly columns: readonly string[];
  /** Column lists of the primary key, then of the other unique indexes by name. */
  readonly keys: readonly (readonly string[])[];
}

/** Rows whose order hash begins with the same bits: how many, and the sum of the hashes of their text. */
export interface Bucket {
  readonly bucket: string;
  readonly rows: string;
  readonly sum: string;
  /** All of them have one order hash: there is nothing to descend into. */
  readonly single: boolean;
}

/** Rows of the same order hash and the same text, and where the first of them is. */
export interface RowGroup {
  readonly k: string;
  readonly r: string;
  readonly copies: string;
  readonly place: string;
}

/** A row that was fetched: nothing of it is longer than it will be shown, and its columns are hashed. */
export interface Fetched {
  readonly k: string;
  readonly r: string;
  readonly order: string;
  readonly key: readonly string[];
  readonly hashes: readonly (string | null)[];
  /** Empty where they were not asked for. */
  readonly values: readonly (string | null)[];
}

/** How long a value may be. Characters; one more is fetched, so that a cut can be seen. */
export const valueLength = 200;

/** What is compared: the columns of both sides by name, and the first key that both have. */
export function comparableColumns(
  before: RelationShape,
  after: RelationShape,
): { columns: readonly string[]; key: readonly string[] | null } {
  const columns = before.columns.filter((column) => after.columns.includes(column)).sort();
  const same = (one: readonly string[], two: readonly string[]): boolean =>
    [...one].sort().join('\0') === [...two].sort().join('\0');
  return { columns, key: before.keys.find((one) => after.keys.some((two) => same(one, two))) ?? null };
}

/** The buckets in which two sides differ, in their order, with the rows that listing them would bring. */
export function differingBuckets(
  before: readonly Bucket[],
  after: readonly Bucket[],
): { bucket: string; weight: number }[] {
  const [left, right] = [before, after].map((list) => new Map(list.map((one) => [one.bucket, one])));
  const weight = (one: Bucket | undefined): number =>
    one === undefined ? 0 : one.single ? Math.min(Number(one.rows), 2) : Number(one.rows);
  return [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])]
    .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    .flatMap((bucket) => {
      const [a, b] = [left?.get(bucket), right?.get(bucket)];
      return a?.rows === b?.rows && a?.sum === b?.sum ? [] : [{ bucket, weight: Math.max(weight(a), weight(b)) }];
    });
}

/** The entries that one side has more copies of than the other: how many more. */
export function surplus(
  of: readonly RowGroup[],
  over: readonly RowGroup[],
): readonly (RowGroup & { readonly more: number })[] {
  const other = new Map(over.map((entry) => [`${entry.k} ${entry.r}`, Number(entry.copies)]));
  return of.flatMap((entry) => {
    const more = Number(entry.copies) - (other.get(`${entry.k} ${entry.r}`) ?? 0);
    return more > 0 ? [{ ...entry, more }] : [];
  });
}

/** One side's rows that the other does not have, with how many copies more. */
export interface UnmatchedRows {
  readonly rows: readonly Fetched[];
  readonly surplus: readonly (RowGroup & { readonly more: number })[];
}

/** Pairs the rows of both sides by their key, and names the first, in the order of their key text. */
export function examplesOf(
  before: UnmatchedRows,
  after: UnmatchedRows,
  plan: { readonly columns: readonly string[]; readonly key: readonly string[] | null; readonly limit: number },
): readonly RowExample[] {
  const found: { readonly order: string; readonly tie: string; readonly example: RowExample }[] = [];
  const put = (row: Fetched, example: RowExample): void => {
    found.push({ order: row.order, tie: `${row.k} ${row.r} ${example.change}`, example });
  };
  const keyOf = (row: Fetched): RowExample['key'] =>
    plan.key === null
      ? null
      : Object.fromEntries(plan.key.map((column, n) => [column, truncate(row.key[n] ?? '', valueLength)]));
  const values = (a: Fetched | null, b: Fetched | null): Pick<RowExample, 'values'> =>
    (a ?? b)?.values.length === 0 ? {} : { values: { before: shown(a, plan.columns), after: shown(b, plan.columns) } };
  const pairs = pairsOf(before, after, plan.key);
  for (const row of before.rows) {
    const other = pairs.get(row.k);
    if (other === undefined) {
      for (let copy = 0; copy < copies(before, row, plan.limit); copy += 1)
        put(row, { change: 'gone', key: keyOf(row), columns: [], ...values(row, null) });
    } else if (other !== 'not fetched') {
      const columns = plan.columns.filter((_, n) => row.hashes[n] !== other.hashes[n]);
      put(row, { change: 'changed', key: keyOf(row), columns, ...values(row, other) });
    }
  }
  for (const row of after.rows.filter(({ k }) => !pairs.has(k)))
    for (let copy = 0; copy < copies(after, row, plan.limit); copy += 1)
      put(row, { change: 'new', key: keyOf(row), columns: [], ...values(null, row) });
  return found
    .sort((a, b) => byBytes(a.order, b.order) || byBytes(a.tie, b.tie))
    .slice(0, plan.limit)
    .map(({ example }) => example);
}

/** By order hash, the row after of each key that both sides have; one that comes later than the first was not fetched. */
function pairsOf(
  before: UnmatchedRows,
  after: UnmatchedRows,
  key: readonly string[] | null,
): Map<string, Fetched | 'not fetched'> {
  const pairs = new Map<string, Fetched | 'not fetched'>();
  if (key === null) return pairs;
  const [old, now] = [before, after].map(({ surplus: list }) => list.map(({ k }) => k)) as [string[], string[]];
  for (const k of new Set(old)) {
    // a key that is not one after all (a NOT NULL that was never validated) pairs nothing
    if (now.filter((one) => one === k).length !== 1 || old.filter((one) => one === k).length !== 1) continue;
    const fetchedBefore = before.rows.some((row) => row.k === k);
    pairs.set(k, fetchedBefore ? (after.rows.find((row) => row.k === k) ?? 'not fetched') : 'not fetched');
  }
  return pairs;
}

function copies(side: UnmatchedRows, row: Fetched, limit: number): number {
  const entry = side.surplus.find(({ k, r }) => k === row.k && r === row.r);
  return Math.min(entry?.more ?? 0, limit);
}

function shown(row: Fetched | null, columns: readonly string[]): Readonly<Record<string, string | null>> | null {
  if (row === null) return null;
  return Object.fromEntries(
    columns.map((column, n) => {
      const value = row.values[n] ?? null;
      return [column, value === null ? null : truncate(value, valueLength)];
    }),
  );
}

/** The order of collate "C" in UTF-8, which is not the order of UTF-16. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
