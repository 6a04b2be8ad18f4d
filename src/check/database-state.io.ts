import { type Connection, fixed, id, openSession, type Session, sql } from '../database/index.ts';
import {
  captureSchema,
  captureStillRows,
  type DataFingerprint,
  type Difference,
  differingColumns,
  findExamples,
  markSchema,
  type SchemaDelta,
  SchemaDeltas,
  type SchemaFingerprint,
  type SchemaMark,
  stillSettings,
} from '../fingerprint/index.ts';
import { type RowDamage } from './faults.ts';
import { type OldTable, tablesWithRows } from './probe.io.ts';

/** A database at one moment: its rows, and the tables that have some. */
export interface DatabaseRows {
  readonly rows: DataFingerprint;
  readonly filled: readonly OldTable[];
}

/** A copy at one moment, and how its schema differs from the one of its original. */
export interface CopyState extends DatabaseRows {
  readonly schema: SchemaDelta;
}

/**
 * A fresh copy beside its original, each with one session of the role that writes nothing. No one writes to the original meanwhile. Of the schema only
 * what may differ is read, as the rows of the catalogues tell; all rows of tables are read.
 *
 * Source  docs/FORMAT.md "Schema by changed rows".
 */
export class CopyReader {
  /** The rows of both when the copy was made. */
  readonly before: DatabaseRows;
  private readonly original: Session;
  private readonly copy: Session;
  private readonly mark: SchemaMark;
  private readonly seeds: readonly [string, string];
  private readonly deltas = new SchemaDeltas();

  private constructor(of: {
    readonly before: DatabaseRows;
    readonly original: Session;
    readonly copy: Session;
    readonly mark: SchemaMark;
    readonly seeds: readonly [string, string];
  }) {
    this.before = of.before;
    this.original = of.original;
    this.copy = of.copy;
    this.mark = of.mark;
    this.seeds = of.seeds;
  }

  /** Before anyone writes to the copy. */
  static async open(original: Connection, copy: Connection, seeds: readonly [string, string]): Promise<CopyReader> {
    const settings = { applicationName: 'oneroof check', settings: stillSettings, plans: 'kept' } as const;
    const sessions: Session[] = [];
    try {
      for (const connection of [original, copy]) sessions.push(await openSession(connection, settings));
      const [was, is] = sessions as [Session, Session];
      return new CopyReader({
        before: await readRows(is, seeds),
        original: was,
        copy: is,
        mark: await markSchema(is),
        seeds,
      });
    } catch (error) {
      for (const session of sessions) await session.close();
      throw error;
    }
  }

  /** The copy as it is now. */
  async read(): Promise<CopyState> {
    const schema = await this.deltas.read(this.original, this.copy, { mark: this.mark, files: null });
    return { schema, ...(await readRows(this.copy, this.seeds)) };
  }

  /** The whole schema of the original. */
  async originalSchema(): Promise<SchemaFingerprint> {
    return await captureSchema(this.original);
  }

  async close(): Promise<void> {
    await Promise.all([this.original.close(), this.copy.close()]);
  }
}

async function readRows(session: Session, seeds: readonly [string, string]): Promise<DatabaseRows> {
  const rows = await captureStillRows(session, seeds);
  return { rows, filled: await tablesWithRows(session, rows) };
}

/** What happened to the rows of each relation that both sides have: columns and numbers of rows, no values. */
export async function damageOf(
  before: Connection,
  after: Connection,
  differences: readonly Difference[],
): Promise<readonly RowDamage[]> {
  const found: RowDamage[] = [];
  for (const one of differences) {
    if (one.in === 'sequence' && one.level === 'logical')
      found.push({ kind: 'sequence behind', relation: one.name, columns: [], rows: 0 });
    // a relation that only one side has is a difference of the schema
    if (one.in !== 'rows' || one.property === null) continue;
    if (one.property === 'rows') {
      const more = Number(one.after) - Number(one.before);
      found.push({
        kind: more < 0 ? 'rows lost' : 'rows added',
        relation: one.name,
        columns: [],
        rows: Math.abs(more),
      });
    } else found.push(...(await columnDamage(before, after, one.name)));
  }
  return found;
}

/** The columns of a relation whose values differ: those that lost values, and the others. */
async function columnDamage(before: Connection, after: Connection, relation: string): Promise<readonly RowDamage[]> {
  const [was, is] = [
    await openSession(before, { applicationName: 'oneroof check' }),
    await openSession(after, { applicationName: 'oneroof check' }),
  ];
  try {
    const [named] = await was.query<{ schema: string; name: string }>(sql`
      select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = ${relation}::regclass`);
    // they differ, whatever tells how
    const unexplained: readonly RowDamage[] = [{ kind: 'values changed', relation, columns: [], rows: mostCounted }];
    if (named === undefined) return unexplained;
    const of = { schema: named.schema, table: named.name };
    const columns = await differingColumns(before, after, of);
    // each column has the same values, in other rows; what columns came or went is said of the schema
    if (columns.length === 0) return (await columnsOf(was, of)) === (await columnsOf(is, of)) ? unexplained : [];
    const count = [await counts(was, of, columns), await counts(is, of, columns)];
    const lost = columns.flatMap((column, at): RowDamage[] => {
      const missing = Number(count[0]?.[at] ?? 0) - Number(count[1]?.[at] ?? 0);
      return missing > 0 ? [{ kind: 'values lost', relation, columns: [column], rows: missing }] : [];
    });
    const others = columns.filter((column) => !lost.some((one) => one.columns.includes(column)));
    if (others.length === 0) return lost;
    const examples = await findExamples(was, is, { relation, limit: mostCounted });
    const changed = examples.filter(({ change }) => change !== 'new').length;
    return [...lost, { kind: 'values changed', relation, columns: others, rows: changed }];
  } finally {
    await Promise.all([was.close(), is.close()]);
  }
}

/** The columns of a table, as one text. */
async function columnsOf(
  session: Awaited<ReturnType<typeof openSession>>,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<string> {
  const rows = await session.query<{ name: string }>(sql`
    select a.attname as name from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${table} and a.attnum > 0 and not a.attisdropped order by 1`);
  return JSON.stringify(rows);
}

/** More different rows than this are not counted. */
export const mostCounted = 100;

/** How many rows have a value in each of these columns. */
async function counts(
  session: Awaited<ReturnType<typeof openSession>>,
  { schema, table }: { readonly schema: string; readonly table: string },
  columns: readonly string[],
): Promise<readonly string[]> {
  const list = fixed(columns.map((column) => `count(${id(column).text})`).join(', '));
  const [row] = await session.query<{ all: string }>(
    sql`select pg_catalog.array_to_json(array[${list}])::text as all from only ${id(schema, table)}`,
  );
  return JSON.parse(row?.all ?? '[]') as string[];
}

/** How many rows a table has, and how many of them have a value in each of some columns, by number. */
export interface TableValues {
  readonly rows: number;
  readonly columns: ReadonlyMap<number, { readonly name: string; readonly values: number }>;
}

/** Counts the rows of a table and the values of columns. */
export async function valuesOf(
  reader: Connection,
  of: { readonly table: OldTable; readonly columns: readonly number[] },
): Promise<TableValues> {
  const session = await openSession(reader, { applicationName: 'oneroof check' });
  const { oid, name: table } = of.table;
  try {
    const named = await session.query<{ number: string; name: string }>(sql`
      select attnum::text as number, attname as name from pg_attribute
      where attrelid = ${oid}::oid and attnum = any (${of.columns}::int2[]) and not attisdropped`);
    const [all] = await session.query<{ rows: string }>(sql`select count(*) as rows from only ${fixed(table)}`);
    const columns = new Map<number, { readonly name: string; readonly values: number }>();
    for (const { number, name } of named) {
      const [row] = await session.query<{ values: string }>(
        sql`select count(${id(name)}) as values from only ${fixed(table)}`,
      );
      columns.set(Number(number), { name, values: Number(row?.values) });
    }
    return { rows: Number(all?.rows), columns };
  } finally {
    await session.close();
  }
}
