import { onAbort } from '../../core/index.ts';
import { type Clone, isLease } from '../../clone/index.ts';
import { openSession, type Session } from '../../database/index.ts';
import {
  type ChangedFiles,
  changedSince,
  columnsKey,
  type ComparedSchemas,
  compareData,
  compareInitdb,
  compareObjects,
  type DataComparison,
  type DataPlan,
  type DataSide,
  type Difference,
  differingColumns,
  doubtfulIndexes,
  findExamples,
  type KeyedObject,
  markChanges,
  markSchema,
  readNoticed,
  type SchemaDelta,
  sidesOf,
  whiteSpaceOnly,
  wholeDelta,
} from '../../fingerprint/index.ts';
import { gone, rehearsalInterrupted } from '../session/index.ts';
import { type CloneDifference } from './clone-difference.ts';
import { type Comparing, type Finalized, type MarkedClone, type Varying } from './marked-clone.ts';
import { declaredColumns, isDeclared } from './proof.ts';
import { splitName } from './relation-name.ts';

/** Records the state of a clone before the release runs; its session stays open until the clone is no longer used. */
export async function markClone(clone: Clone): Promise<MarkedClone> {
  const reading = await openSession(clone.connection, { applicationName: 'oneroof proof' });
  try {
    const since = await markChanges(reading);
    return { clone, reading, since, schema: await markSchema(reading), noticed: await readNoticed(reading) };
  } catch (error) {
    await reading.close();
    throw gone(error) ?? error;
  }
}

/** What may differ in the schema of a clone from the golden copy, now; `also`: tables whose definition is wanted whether or not it may differ. */
export function schemaDifferences(
  marked: MarkedClone,
  by: Comparing,
  also: ReadonlySet<string> = new Set(),
): Promise<SchemaDelta> {
  return besideGolden(marked, by, (was) => readDelta(was, marked.reading, { marked, by, files: null, also }));
}

async function readDelta(
  was: Session,
  is: Session,
  of: {
    readonly marked: MarkedClone;
    readonly by: Comparing;
    readonly files: ChangedFiles | null;
    readonly also: ReadonlySet<string>;
  },
): Promise<SchemaDelta> {
  const { by, files, also } = of;
  const mark = of.marked.schema;
  // the oracle of the quick way, and its stand-in where everything is asked for
  const delta = by.options.full === true ? wholeDelta(was, is, mark) : by.deltas.read(was, is, { mark, files, also });
  const { database } = of.marked.clone.lease;
  const { objects, originals, ...rest } = await delta;
  const renewed = (all: readonly KeyedObject[]): KeyedObject[] => all.map((one) => withoutExpiry(one, database));
  return { ...rest, objects: renewed(objects), originals: renewed(originals) };
}

/** The lease of a clone is the comment of its database, which is renewed while the release runs. */
function withoutExpiry(object: KeyedObject, database: string): KeyedObject {
  if (object.kind !== 'database' || !isLease(object.logical['comment'], database)) return object;
  return { ...object, logical: { ...object.logical, comment: 'the lease of a clone' } };
}

/** Of a comparison that decides: the tables that were written, whose indexes are checked; the first rows that differ are looked for, too. */
interface Deciding {
  readonly written?: ReadonlySet<string>;
}

/** How a clone differs from the golden copy that it was made from. */
export function compareWithGolden(marked: MarkedClone, by: Comparing & Deciding): Promise<CloneDifference> {
  const { clone, schema: mark, reading: is } = marked;
  const { written: tables } = by;
  return besideGolden(marked, by, async (was) => {
    const since = await changedSince(is, marked.since);
    const files = 'files' in since ? since.files : null;
    const delta = await readDelta(was, is, { marked, by, files, also: tables ?? new Set() });
    const data = await compare(
      { connection: was.connection, since: 'never changed', session: was },
      { connection: clone.connection, since, session: is },
      { ...by, concerned: delta.keys },
    );
    const initdb = delta.system ? await compareInitdb(was, is, mark.transaction) : [];
    const doubtful = tables === undefined ? [] : await doubtfulIndexes(is, { since: mark.transaction, tables });
    const differences = tables === undefined ? data.differences : await withExamples(was, is, data.differences);
    return { delta, noticed: await readNoticed(is), data: { ...data, differences }, initdb, doubtful };
  });
}

/** Reads the golden copy while a clone is read too; an interruption ends both. */
async function besideGolden<T>(
  { reading }: MarkedClone,
  by: Comparing,
  use: (golden: Session) => Promise<T>,
): Promise<T> {
  const { host, signal } = by.options;
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw rehearsalInterrupted();
  try {
    return await host.readGolden(async (connection) => {
      const golden = await openSession(connection, { applicationName: 'oneroof proof' });
      // a cancel that fails leaves a query to its end; the interruption is reported either way
      const cancel = (): void => void Promise.allSettled([golden.cancel(), reading.cancel()]);
      const stopListening = onAbort(signal, cancel);
      try {
        return await use(golden);
      } finally {
        stopListening();
        await golden.close();
      }
    });
  } catch (error) {
    if (isAborted()) throw rehearsalInterrupted();
    throw gone(error) ?? error;
  }
}

/** Relations whose rows are looked for: each is read twice more. */
const mostSearched = 5;

/** Adds the first rows that differ, by key and columns; never their values, which evidence would keep. */
async function withExamples(
  was: Session,
  is: Session,
  differences: readonly Difference[],
): Promise<readonly Difference[]> {
  const wanted = differences.filter((one) => one.in === 'rows' && one.property !== null).slice(0, mostSearched);
  if (wanted.length === 0) return differences;
  const found = new Map<Difference, Difference>();
  for (const one of wanted) {
    const whiteSpace = one.property === 'content' ? await whiteSpaceOnly(was, is, one.name) : null;
    const examples = await findExamples(was, is, { relation: one.name });
    const isUnkeyed = one.property !== 'rows' && examples.some(({ key }) => key === null);
    const [schema = '', table = ''] = splitName(one.name);
    const columns = isUnkeyed ? await differingColumns(was.connection, is.connection, { schema, table }) : [];
    const named = examples.map((row) => (row.key === null ? { ...row, columns: [...columns] } : row));
    found.set(one, { ...one, examples: named, ...(whiteSpace === null ? {} : { whiteSpace }) });
  }
  return differences.map((one) => found.get(one) ?? one);
}

/** How a finalized clone differs from its twin, except for the columns that the release declares to vary. */
export async function compareWithTwin(marked: Finalized, twin: Finalized, by: Comparing): Promise<readonly Varying[]> {
  const { varies } = by.options.release.release;
  // each clone carries a mark of its own
  const [one, other] = sidesOf(marked.delta, twin.delta);
  const schema = compareObjects(one, other).filter((found) => found.kind !== 'database' && !isDeclared(found, varies));
  const data = await compare(
    { connection: marked.clone.connection, since: marked.since, session: marked.reading },
    { connection: twin.clone.connection, since: twin.since, session: twin.reading },
    { ...by, except: declaredColumns(varies), concerned: keysOf(marked.delta, twin.delta) },
  );
  const found: Varying[] = [];
  // the clone may have gone forward more often than its twin, so its sequences are ahead
  const rows = data.differences.filter((one) => one.in === 'rows');
  for (const difference of [...schema, ...rows].filter(({ level }) => level === 'logical'))
    found.push({ difference, columns: await columnsOf(difference, { marked, twin, varies }) });
  return found;
}

/** How two clones differ that were made of one golden copy; `written`: tables whose definition is wanted whether or not it differs. */
export async function compareTwoClones(
  before: MarkedClone,
  after: MarkedClone,
  by: Comparing & { readonly written: ReadonlySet<string> },
): Promise<{ readonly differences: readonly Difference[]; readonly schemas: ComparedSchemas }> {
  const { written } = by;
  const deltas = [await schemaDifferences(before, by, written), await schemaDifferences(after, by, written)] as const;
  const [one, other] = sidesOf(...deltas);
  // each clone carries a mark of its own
  const schema = compareObjects(one, other).filter(({ kind }) => kind !== 'database');
  const data = await compare(
    { connection: before.clone.connection, since: before.since, session: before.reading },
    { connection: after.clone.connection, since: after.since, session: after.reading },
    { ...by, concerned: keysOf(...deltas) },
  );
  const rows = await withAllExamples(before, after, data.differences);
  return { differences: [...schema, ...rows], schemas: [{ objects: one }, { objects: other }] };
}

/** Adds the first rows that differ of every relation. */
async function withAllExamples(
  before: MarkedClone,
  after: MarkedClone,
  differences: readonly Difference[],
): Promise<readonly Difference[]> {
  const all: Difference[] = [];
  for (const one of differences) {
    const isRows = one.in === 'rows' && one.property !== null;
    const wanted = { relation: one.name, limit: mostKeys };
    all.push(isRows ? { ...one, examples: await findExamples(before.reading, after.reading, wanted) } : one);
  }
  return all;
}

/** The most rows of a relation that are looked for, by key. */
const mostKeys = 100;

function keysOf(one: SchemaDelta, other: SchemaDelta): ReadonlySet<string> | null {
  return one.keys === null || other.keys === null ? null : new Set([...one.keys, ...other.keys]);
}

async function columnsOf(
  difference: Difference,
  of: { readonly marked: MarkedClone; readonly twin: MarkedClone; readonly varies: readonly string[] },
): Promise<readonly string[]> {
  if (difference.in !== 'rows' || difference.property === null) return [];
  const [schema = '', table = ''] = splitName(difference.name);
  const { connection } = of.marked.clone;
  const except = declaredColumns(of.varies).get(columnsKey({ schema, table }));
  const relation = { schema, table, ...(except === undefined ? {} : { except }) };
  return differingColumns(connection, of.twin.clone.connection, relation);
}

function compare(
  before: DataSide,
  after: DataSide,
  by: Comparing & Pick<DataPlan, 'except' | 'concerned'>,
): Promise<DataComparison> {
  const { seeds, except, concerned = null } = by;
  const { signal, full } = by.options;
  return compareData(before, after, {
    seeds,
    signal,
    concerned,
    ...(full === undefined ? {} : { full }),
    ...(except === undefined ? {} : { except }),
  });
}
