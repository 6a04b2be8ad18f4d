import { digest, type Digest } from '../../core/index.ts';
import { id } from '../../database/index.ts';
import { type SampleSetup } from '../../setup/index.ts';
import { type ForeignKey } from '../foreign-keys.ts';
import { type TableFacts } from '../dump/facts.ts';

/** What `keep` of a sample says of one table of production. */
export interface KeptRows {
  /** As in SQL. */
  readonly table: string;
  /** One SQL expression: PostgreSQL's parser has read it as such. */
  readonly condition: string;
}

/** The tables of which a share is taken, by name, each with the rows that are chosen: SQL over `t`. */
export type ChosenTables = ReadonlyMap<string, string>;

/** Shares are counted in millionths. */
export const whole = 1_000_000;

/**
 * How a golden copy is sampled, as one digest; null where it has every row.
 *
 * Shape   purpose `sample`; share in millionths, `above` in bytes, seed; for each table of `keep`, in the order of their names, name and condition.
 */
export function sampleDigest(sample: SampleSetup | undefined): Digest | null {
  if (sample === undefined) return null;
  const { share, above, seed, keep } = sample;
  const kept = keep.toSorted((one, other) => (one.table < other.table ? -1 : 1));
  return digest('sample', [
    String(share),
    String(above),
    String(seed),
    ...kept.flatMap(({ table, condition }) => [table, condition]),
  ]);
}

/** The table that a table is a partition of, at the top; itself where it is none. */
export function partitionRoot({ name, ancestors }: Pick<TableFacts, 'name' | 'ancestors'>): string {
  return ancestors.at(-1) ?? name;
}

/** Whether the rows of a table are rows of a relation: its own, or that of which it is a partition. */
export function isBelow({ name, ancestors }: Pick<TableFacts, 'name' | 'ancestors'>, relation: string): boolean {
  return name === relation || ancestors.includes(relation);
}

/**
 * Chooses the tables of which a share is taken: those that are larger than `above`, all partitions of a table together. The rows of a table for which
 * an extension has a condition, and those that a foreign key over periods refers to, are all kept.
 */
export function chooseTables(
  tables: readonly TableFacts[],
  of: { readonly sample: SampleSetup; readonly keep: readonly KeptRows[]; readonly keys: readonly ForeignKey[] },
): ChosenTables {
  const { sample, keep, keys } = of;
  const bytes = new Map<string, number>();
  for (const table of tables) bytes.set(partitionRoot(table), (bytes.get(partitionRoot(table)) ?? 0) + table.bytes);
  const periods = keys.filter(({ period }) => period).map(({ to }) => to.name);
  return new Map(
    tables
      .filter((table) => (bytes.get(partitionRoot(table)) ?? 0) > sample.above && table.condition === null)
      .filter((table) => !periods.some((name) => isBelow(table, name)))
      .map((table) => {
        const kept = keep.filter((one) => isBelow(table, one.table)).map(({ condition }) => `(${condition}\n)`);
        return [table.name, [shareOf(table, sample), ...kept].join(' or ')];
      }),
  );
}

/** The same rows for the same seed, in each copy: by a hash of the primary key, or of the whole row where there is none. */
function shareOf({ key }: TableFacts, { share, seed }: SampleSetup): string {
  const row = key.length === 0 ? '(t.*)' : `row(${key.map((column) => `t.${column}`).join(', ')})`;
  return `pg_catalog.abs(pg_catalog.hashtextextended(${row}::text collate "C", ${seed}) % ${whole}) < ${share}`;
}

/** SQL: keys as a list for WITH, and the condition over `t` that a row has one of them. */
export function keysText(
  { pairs }: ForeignKey,
  keys: readonly string[],
): { readonly keys: string; readonly condition: string } {
  const columns = pairs.map((_, n) => `k${n}`);
  const equal = pairs.map(({ compare }, n) => `${compare} k.k${n}`);
  return {
    keys: `oneroof_keys (${columns.join(', ')}) as (values ${keys.join(', ')})`,
    condition: `exists (select from oneroof_keys k where ${equal.join(' and ')})`,
  };
}

/** SQL: the rows of a source whose key refers to nothing in the copy yet. MATCH SIMPLE and FULL refer to nothing where a column is null. */
export function missingText({ pairs, to, only }: ForeignKey, source: string): string {
  const own = pairs.map((pair) => `${id('f', pair.own).text}${pair.collate}`);
  const equal = pairs.map(({ compare }, n) => `${compare} ${own[n]}`);
  return `select distinct ${own.map((column, n) => `${column} as k${n}`).join(', ')} from ${source} f
    where pg_catalog.num_nulls(${own.join(', ')}) = 0 and not exists (select from ${only.to}${to.name} t where ${equal.join(' and ')})`;
}
