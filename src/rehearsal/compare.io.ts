import { type Clone } from '../clone/index.ts';
import { type Milliseconds } from '../core/index.ts';
import { type Connection, openSession, type Session } from '../database/index.ts';
import {
  captureSchema,
  compareData,
  compareInitdb,
  compareSchemas,
  type DataComparison,
  type DataPlan,
  type DataSide,
  type Difference,
  differingColumns,
  doubtfulIndexes,
  findExamples,
  markChanges,
  type Marked,
  nextTransaction,
  type SchemaFingerprint,
  whiteSpaceOnly,
} from '../fingerprint/index.ts';
import { splitName } from './judge.ts';
import { declaredColumns } from './proof.ts';
import { type Standing } from './standing.ts';
import { type RehearsalOptions } from './rehearsal.ts';
import { withReleaseSession } from './release-session.io.ts';

/** A clone, and where WAL and transactions stood when it was equal to the golden copy. */
export interface MarkedClone {
  readonly clone: Clone;
  readonly since: Marked;
  readonly transaction: string;
}

/** Notes where a clone stands, before anything of the release runs. */
export async function markClone(clone: Clone): Promise<MarkedClone> {
  const since = await markChanges(clone.connection);
  const session = await openSession(clone.connection, { applicationName: 'oneroof proof' });
  try {
    return { clone, since, transaction: await nextTransaction(session) };
  } finally {
    await session.close();
  }
}

/** A marked clone, and its schema at one time: as it was made, or finalized. */
export interface CapturedClone extends MarkedClone {
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
  const compared = await by.options.host.readGolden(async (golden) => {
    const data = await compare(
      { connection: golden, since: 'never changed' },
      { connection: clone.connection, since },
      by,
    );
    const { transaction } = marked;
    const more = await withBoth(golden, clone.connection, async (was, is) => ({
      initdb: await compareInitdb(was, is, transaction),
      doubtful: await doubtfulIndexes(is, transaction),
    }));
    if (by.examples === undefined) return { data, ...more };
    return { data: { ...data, differences: await withExamples(golden, clone.connection, data.differences) }, ...more };
  });
  return { before, after, ...compared };
}

async function withBoth<T>(
  before: Connection,
  after: Connection,
  use: (was: Session, is: Session) => Promise<T>,
): Promise<T> {
  const was = await openSession(before, { applicationName: 'oneroof proof' });
  try {
    const is = await openSession(after, { applicationName: 'oneroof proof' });
    try {
      return await use(was, is);
    } finally {
      await is.close();
    }
  } finally {
    await was.close();
  }
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
  await withBoth(before, after, async (was, is) => {
    for (const one of wanted) {
      const whiteSpace = one.property === 'content' ? await whiteSpaceOnly(was, is, one.name) : null;
      const examples = await findExamples(was, is, { relation: one.name });
      found.set(one, { ...one, examples, ...(whiteSpace === null ? {} : { whiteSpace }) });
    }
  });
  return differences.map((one) => found.get(one) ?? one);
}

/** How a clone, finalized, differs from its twin, but for the columns that the release declares to vary. */
export async function compareWithTwin(
  marked: CapturedClone,
  twin: CapturedClone,
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
  // the clone may have gone forward more often than its twin, so its sequences are ahead
  const rows = data.differences.filter((one) => one.in === 'rows');
  for (const difference of [...schema, ...rows].filter(({ level }) => level === 'logical'))
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
