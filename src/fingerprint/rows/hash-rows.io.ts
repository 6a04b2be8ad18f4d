import { availableParallelism } from 'node:os';
import { canonicalJson, digest, onAbort, OneRoofError, stated } from '../../core/index.ts';
import { type Connection, literal, openSession, type Session, sql } from '../../database/index.ts';
import type { DataFingerprint, RowHash } from '../fingerprint.ts';
import { relationsWithRows } from './list.sql.ts';
import { lockTimeout, takeLocks } from './lock.io.ts';
import { divide, type CatalogRelation } from './plan.ts';
import { beginReading, measure, readLeft, readQueue, readSequences, type SharedWork } from './read.io.ts';
import { Tally } from './tally.ts';
import { lanes } from './rows.sql.ts';

/** Which rows are hashed, and how. */
export interface RowsPlan {
  /** Two signed 64-bit integers as text. */
  readonly seeds: readonly [string, string];
  /** `fast` where absent. */
  readonly hash?: RowHash;
  /** Names as in RelationRows and SequencePosition; all where absent. */
  readonly relations?: readonly string[];
  /** The OIDs that these are among, where they are known: the others are not even listed. */
  readonly among?: readonly string[] | null;
  /** Columns that are left out, by the `columnsKey` of their relation. */
  readonly except?: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** SQL over `t`: of the relations that are named here, only the rows for which it is true. */
  readonly only?: ReadonlyMap<string, string> | undefined;
  /** Sessions that read at the same time; the number of cores of this machine, at most 8, where absent. */
  readonly workers?: number;
  /** A snapshot that another session has exported, which holds the locks of all tables too; one of its own where absent. */
  readonly snapshot?: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  readonly signal?: AbortSignal | undefined;
  /** After each query; both in bytes of tables. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly of: number }) => void;
}

/** More readers than this would take more of a server than a comparison should. */
const mostWorkers = 8;

/**
 * Hashes the rows of every table, partition, materialized view and large object inside the server, over one snapshot, by read-only
 * sessions of its own.
 *
 * Shape   sorted by name; what could not be read is in `notProven` with its reason.
 * Errors  those of openSession; CONNECTION_LOST; INTERRUPTED.
 * Source  docs/FORMAT.md "Fingerprint"; PostgreSQL manual, "Snapshot Synchronization Functions".
 */
export async function captureRows(connection: Connection, plan: RowsPlan): Promise<DataFingerprint> {
  const sessions: Session[] = [];
  let cancelled: Promise<unknown> = Promise.resolve();
  const cancel = (): void => {
    cancelled = Promise.allSettled(sessions.map((session) => session.cancel()));
  };
  const check = (): void => {
    if (plan.signal?.aborted === true) throw interrupted();
  };
  const open = async (): Promise<Session> => {
    check();
    const session = await openSession(connection, {
      applicationName: plan.applicationName ?? 'oneroof rows',
      settings: readingSettings,
    });
    sessions.push(session);
    check();
    return session;
  };
  const stopListening = onAbort(plan.signal, cancel);
  try {
    return await capture(plan, { open, check });
  } catch (error) {
    check();
    throw error;
  } finally {
    stopListening();
    await cancelled;
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** What keeps production safe from a long reading, and a reading from production's defaults. */
const readingSettings = {
  lock_timeout: lockTimeout,
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'on',
  // rows are read from the table and never from an index, which may differ from it
  enable_indexonlyscan: 'off',
  // the tables are divided among our own sessions
  max_parallel_workers_per_gather: '0',
  jit: 'off',
} as const;

interface Crew {
  readonly open: () => Promise<Session>;
  readonly check: () => void;
}

async function capture(plan: RowsPlan, crew: Crew): Promise<DataFingerprint> {
  const hash = plan.hash ?? 'fast';
  const workers = plan.workers ?? Math.min(availableParallelism(), mostWorkers);
  const leader = await crew.open();
  const { found, locked, refused, snapshot } = await seize(leader, plan);
  const tally = new Tally(lanes[hash]);
  for (const of of found) {
    const reason = of.reason ?? refused.get(of.name) ?? null;
    if (reason !== null) tally.fail(of.name, reason);
    else if (of.kind !== 'S') tally.begin(of);
  }
  const known = found.filter(({ name }) => !tally.hasFailed(name));
  const readable = known.filter(({ kind, populated }) => kind !== 'S' && populated);
  const queue = [...divide(await measure(leader, { relations: readable, locked }), workers)];
  const of = queue.reduce((sum, batch) => sum + batch.bytes, 0);
  let read = 0;
  const work: SharedWork = {
    queue,
    tally,
    locked,
    hashing: {
      hash,
      seeds: plan.seeds,
      serverVersion: leader.serverVersion,
      except: plan.except,
      only: plan.only,
    },
    check: crew.check,
    done: (batch) => {
      read += batch;
      plan.onProgress?.({ bytes: read, of });
    },
  };
  await readAll(leader, { work, workers: Math.min(workers, queue.length), snapshot, open: crew.open });
  const sequences = await readSequences(leader, {
    sequences: known.filter(({ kind }) => kind === 'S'),
    tally,
    check: crew.check,
  });
  return fingerprintOfRows({ hash, seeds: plan.seeds, tally, sequences });
}

/** What was read, as a document. */
export function fingerprintOfRows(
  read: Pick<DataFingerprint, 'hash' | 'seeds' | 'sequences'> & { readonly tally: Tally },
): DataFingerprint {
  const { tally, ...known } = read;
  const relations = tally.relations();
  const notProven = tally.notProven();
  return { version: 1, ...known, relations, notProven, digest: digest('rows', [canonicalJson(relations)]) };
}

interface Seized {
  readonly found: readonly CatalogRelation[];
  readonly locked: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, string>;
  readonly snapshot: string;
}

/** Takes part in the snapshot of another session. */
async function join(session: Session, snapshot: string): Promise<void> {
  await session.query(sql`begin isolation level repeatable read read only`);
  await session.query(sql`set transaction snapshot ${literal(snapshot)}`);
  await beginReading(session);
}

/** Locks what can be locked, then takes the snapshot, then lists what is in it. */
async function seize(leader: Session, plan: RowsPlan): Promise<Seized> {
  const wanted = plan.relations === undefined ? null : new Set(plan.relations);
  if (plan.snapshot !== undefined) {
    await join(leader, plan.snapshot);
    const found = await listRelations(leader, { wanted, among: plan.among });
    return { found, locked: new Set(found.map(({ name }) => name)), refused: new Map(), snapshot: plan.snapshot };
  }
  const tables = (await listRelations(leader, { wanted, among: plan.among })).filter(
    ({ kind, reason }) => kind === 'r' && reason === null,
  );
  const [space] = await leader.query<{ room: string }>(
    sql`select (current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) / 2)::text as room`,
  );
  await leader.query(sql`begin isolation level repeatable read read only`);
  const { locked, refused } = await takeLocks(leader, { tables, room: Number(space?.room ?? 0) });
  const [exported] = await leader.query<{ snapshot: string }>(sql`select pg_export_snapshot() as snapshot`);
  await beginReading(leader);
  return {
    found: await listRelations(leader, { wanted, among: plan.among }),
    locked,
    refused,
    snapshot: exported?.snapshot ?? '',
  };
}

/** Lists what holds rows, and sequences, sorted by name, with the reason why it cannot be read where there is one. */
export async function listRelations(
  session: Session,
  of: { readonly wanted?: ReadonlySet<string> | null; readonly among?: readonly string[] | null | undefined } = {},
): Promise<readonly CatalogRelation[]> {
  const { wanted = null, among = null } = of;
  const rows = await session.query<{ found: string }>(relationsWithRows(among));
  return rows
    .map((row) => JSON.parse(row.found) as CatalogRelation)
    .filter(({ name }) => wanted?.has(name) ?? true)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readAll(
  leader: Session,
  of: {
    readonly work: SharedWork;
    readonly workers: number;
    readonly snapshot: string;
    readonly open: () => Promise<Session>;
  },
): Promise<void> {
  const { work } = of;
  const reader = async (session: () => Promise<Session>) => {
    try {
      return await readQueue(await session(), work);
    } catch (error) {
      // no one begins another query once one reader has failed
      work.queue.length = 0;
      throw error;
    }
  };
  const another = async (): Promise<Session> => {
    const session = await of.open();
    await join(session, of.snapshot);
    return session;
  };
  const readers = await Promise.allSettled([
    reader(() => Promise.resolve(leader)),
    ...Array.from({ length: of.workers - 1 }, () => reader(another)),
  ]);
  const left = readers.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  await readLeft(leader, { left: left.flat(), work });
}

function interrupted(): OneRoofError {
  return new OneRoofError('INTERRUPTED', {
    ...stated`the reading of rows was interrupted`,
    fix: 'run the same command again',
  });
}
