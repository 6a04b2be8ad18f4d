import { z } from 'zod';
import { type Formed, formatDuration, type Milliseconds } from '../core/index.ts';
import { sizeText } from '../clone/index.ts';

/** One table of a production, by its catalogue. */
export interface TableSize {
  /** As the server estimates; null: no one has counted. */
  readonly rows: number | null;
  /** Of the rows alone, without TOAST. Bytes. */
  readonly heap: number;
  /** With indexes and TOAST. Bytes. */
  readonly bytes: number;
}

/** The tables and materialized views of a production. */
export interface ProductionSizes {
  /** As the database was called, for people. */
  readonly name: string;
  /** By `schema.name`, quoted as in SQL. */
  readonly tables: ReadonlyMap<string, TableSize>;
}

/** What is known of the tables of a hazard or a lock in production. */
export const inProductionForm = z.object({
  /** All of them together; null: one was never counted. */
  rows: z.number().nullable(),
  /** With indexes and TOAST. */
  bytes: z.number(),
  /** Those that production does not have. */
  absent: z.array(z.string()),
  /** How long it may take there, by the assumed rates; null: nothing is read or written in proportion to the size. */
  seconds: z.object({ least: z.number(), most: z.number() }).nullable(),
});
export type InProduction = Formed<typeof inProductionForm>;

/** What a statement does with a whole table: it reads all rows, builds an index of them, or rewrites it. */
export type Effort = 'reads' | 'indexes' | 'writes';

/**
 * How much of a table a server gets through, slowest to quickest. Assumed, not measured: a private server in memory is no production.
 *
 * Units   bytes a second.
 * Source  docs/decisions/0069-against-production.md.
 */
export const assumedRates: Readonly<Record<Effort, { readonly least: number; readonly most: number }>> = {
  reads: { least: 100e6, most: 1000e6 },
  indexes: { least: 20e6, most: 200e6 },
  writes: { least: 20e6, most: 200e6 },
};

/** Up to this size, with indexes, a table of production is small: what takes time in proportion to it is only a warning. Bytes. */
export const smallTable = 10e6;

/** Adds up what production says of some tables. */
export function inProduction(
  { tables }: ProductionSizes,
  { relations, effort }: { readonly relations: readonly string[]; readonly effort: Effort | null },
): InProduction {
  const found = relations.flatMap((name) => tables.get(name) ?? []);
  const sum = (of: (size: TableSize) => number): number => found.reduce((total, one) => total + of(one), 0);
  const worked = sum((one) => (effort === 'writes' ? one.bytes : one.heap));
  return {
    rows: found.some(({ rows }) => rows === null) ? null : sum(({ rows }) => rows ?? 0),
    bytes: sum(({ bytes }) => bytes),
    absent: relations.filter((name) => !tables.has(name)),
    seconds:
      effort === null || found.length === 0
        ? null
        : { least: worked / assumedRates[effort].most, most: worked / assumedRates[effort].least },
  };
}

/** Whether all of the tables are there, and small. What is not known is not small. */
export function isSmall({ bytes, absent }: InProduction): boolean {
  return absent.length === 0 && bytes <= smallTable;
}

/** `about 12,000,000 rows, 4.2 GB`; what is not there, and what no one has counted, is said. */
export function explainSize(of: InProduction): string {
  const { rows, bytes, absent } = of;
  const missing = absent.length === 0 ? '' : `production has no ${absent.join(', ')}`;
  if (bytes === 0 && rows === 0) return missing === '' ? 'empty' : missing;
  const counted =
    rows === null
      ? 'rows never counted'
      : `about ${rounded(rows).toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
  return `${counted}, ${sizeText(bytes)}${missing === '' ? '' : `; ${missing}`}`;
}

/** How long, at the assumed rates; null where that says nothing. */
export function explainEffort({ seconds }: InProduction): string | null {
  if (seconds === null) return null;
  const [least, most] = [roughly(seconds.least), roughly(seconds.most)];
  if (seconds.least < 1) return seconds.most < 1 ? most : `up to ${most}`;
  return least === most ? most : `${least} to ${most}`;
}

/** One digit is all that an assumption has. */
function roughly(seconds: number): string {
  if (seconds < 1) return 'less than 1 s';
  const unit = seconds < 90 ? 1 : seconds < 5400 ? 60 : 3600;
  const digits = Math.max(1, oneDigit(seconds / unit)) * unit * 1000;
  return formatDuration(digits as Milliseconds)
    .replace(/\.0 s$/, ' s')
    .replace(/ 0?0 (?:s|min|h)$/, '');
}

function oneDigit(value: number): number {
  const step = 10 ** Math.floor(Math.log10(value));
  return Math.round(value / step) * step;
}

/** An estimate has two digits. */
function rounded(rows: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(rows, 1))) - 1);
  return Math.round(rows / step) * step;
}
