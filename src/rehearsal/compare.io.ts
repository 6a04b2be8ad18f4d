import { type Clone } from '../clone/index.ts';
import { type Milliseconds } from '../core/index.ts';
import { type Connection, openSession } from '../database/index.ts';
import {
  captureSchema,
  compareData,
  compareSchemas,
  type DataComparison,
  type DataPlan,
  type DataSide,
  type Difference,
  differingColumns,
  findExamples,
  type Marked,
  type SchemaFingerprint,
} from '../fingerprint/index.ts';
import { splitName } from './judge.ts';
import { declaredColumns } from './proof.ts';
import { type Standing } from './standing.ts';
import { type RehearsalOptions } from './rehearsal.ts';
import { withReleaseSession } from './tier.io.ts';

/** A clone, and where the WAL stood when it was equal to the golden copy. */
export interface MarkedClone {
  readonly clone: Clone;
  readonly since: Marked;
}

/** A marked clone, finalized, and its schema then. */
export interface FinalizedClone extends MarkedClone {
  readonly schema: SchemaFingerprint;
}

/** What every comparison of one rehearsal has in common. */
export interface Comparing {
  readonly options: Pick<RehearsalOptions, 'release' | 'host' | 'signal' | 'full'>;
  readonly seeds: readonly [string, string];
}

/** A difference, with the columns of its rows where they can be told. */
export interface Varying {
  readonly difference: Difference;
  readonly columns: readonly string[];
}

/** The schema of a clone, read by its administrator, without the release's role and time-outs. */
export function captureClone(clone: Clone, signal: AbortSignal | undefined): Promise<SchemaFingerprint> {
  const none = 0 as Milliseconds;
  const settings = { lockTimeout: none, statementTimeout: none, searchPath: ['pg_catalog'], role: null };
  return withReleaseSession(clone.connection, { settings, signal }, captureSchema);
}

/** How a clone stands to the golden copy that it was made of. */
export async function compareWithGolden(
  marked: MarkedClone,
  before: SchemaFingerprint,
  by: Comparing & { readonly examples?: 'wanted' },
): Promise<Standing> {
  const { clone, since } = marked;
  const after = await captureClone(clone, by.options.signal);
  const data = await by.options.host.readGolden(async (golden) => {
    const found = await compare(
      { connection: golden, since: 'never changed' },
      { connection: clone.connection, since },
      by,
    );
    if (by.examples === undefined) return found;
    return { ...found, differences: await withExamples(golden, clone.connection, found.differences) };
  });
  return { before, after, data };
}

/** Relations whose rows are looked for: each is read twice more. */
const mostSearched = 5;

/** Adds the first rows that differ, by key and columns; never their values, which evidence would keep. */
async function withExamples(
  before: Connection,
  after: Connection,
  differences: readonly Difference[],
): Promise<readonly Difference[]> {
  const wanted = differences.filter((one) => one.in === 'rows' && one.property !== null).slice(0, mostSearched);
  if (wanted.length === 0) return differences;
  const found = new Map<Difference, Difference>();
  const was = await openSession(before, { applicationName: 'oneroof proof' });
  try {
    const is = await openSession(after, { applicationName: 'oneroof proof' });
    try {
      for (const one of wanted)
        found.set(one, { ...one, examples: await findExamples(was, is, { relation: one.name }) });
    } finally {
      await is.close();
    }
  } finally {
    await was.close();
  }
  return differences.map((one) => found.get(one) ?? one);
}

/** How a clone, finalized, differs from its twin, but for the columns that the release declares to vary. */
export async function compareWithTwin(
  marked: FinalizedClone,
  twin: FinalizedClone,
  by: Comparing,
): Promise<readonly Varying[]> {
  const { varies } = by.options.release.release;
  // each clone carries a mark of its own
  const schema = compareSchemas(marked.schema, twin.schema).filter(({ kind }) => kind !== 'database');
  const relations = marked.schema.objects.filter(({ kind }) => /table|view/.test(kind)).map(({ name }) => name);
  const data = await compare(
    { connection: marked.clone.connection, since: marked.since },
    { connection: twin.clone.connection, since: twin.since },
    { ...by, except: declaredColumns(varies, relations) },
  );
  const found: Varying[] = [];
  for (const difference of [...schema, ...data.differences].filter(({ level }) => level === 'logical'))
    found.push({ difference, columns: await columnsOf(difference, { marked, twin, varies }) });
  return found;
}

async function columnsOf(
  difference: Difference,
  of: { readonly marked: MarkedClone; readonly twin: MarkedClone; readonly varies: readonly string[] },
): Promise<readonly string[]> {
  if (difference.in !== 'rows' || difference.property === null) return [];
  const [schema = '', table = ''] = splitName(difference.name);
  const { connection } = of.marked.clone;
  const columns = await differingColumns(connection, of.twin.clone.connection, { schema, table });
  const declared = declaredColumns(of.varies, [difference.name]).get(difference.name);
  return columns.filter((column) => declared?.has(column) !== true);
}

function compare(before: DataSide, after: DataSide, by: Comparing & Pick<DataPlan, 'except'>): Promise<DataComparison> {
  const { seeds, except } = by;
  const { signal, full } = by.options;
  return compareData(before, after, {
    seeds,
    signal,
    ...(full === undefined ? {} : { full }),
    ...(except === undefined ? {} : { except }),
  });
}
