import { setTimeout as sleep } from 'node:timers/promises';
import { onAbort, OneRoofError, printable, stated } from '../../core/index.ts';
import { type Connection, fixed, literal, openSession, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { captureRows, type DataFingerprint, type ListedObject, listSchema } from '../../fingerprint/index.ts';
import { guardDump } from '../dump/guard.io.ts';
import { drawProofSeeds } from '../dump/prove-copy.io.ts';
import { namesToLock } from '../dump/source.io.ts';
import { endFor, lsnOf, seenTransactions, writtenEnd } from './commits.ts';
import { type WalFiles } from './wal-files.io.ts';

/** What one snapshot of production has, and where the WAL of the copy must end so that it has the same. */
export interface Pinned {
  readonly end: bigint;
  readonly rows: DataFingerprint;
  readonly objects: readonly ListedObject[];
}

interface Pinning {
  readonly connection: Connection;
  readonly isStandby: boolean;
  readonly wal: WalFiles;
  readonly workers: number;
  readonly signal: AbortSignal;
}

/** How many snapshots are tried, and how often a session that waits for the locks ends the reading. */
const snapshots = 20;
const readings = 3;
/** How long sessions of production are left alone then. Milliseconds. */
const pause = 5000;

/**
 * Finds a snapshot of production for which there is a place in the WAL that has the same commits before it, and reads rows and objects under it. Null with
 * the reason where there is none.
 *
 * Errors  CONNECTION_LOST, INTERRUPTED; those of the programs.
 */
export async function pinSnapshot(of: Pinning, onNotice: (text: string) => void): Promise<Pinned | string> {
  for (let reading = 1; ; reading += 1) {
    try {
      return await readPinned(of);
    } catch (error) {
      if (!(error instanceof OneRoofError) || error.code !== 'CLONE_BLOCKED' || of.signal.aborted) throw error;
      const { problem } = error.problems[0];
      if (reading === readings) return problem;
      onNotice(`${problem}; comparing again in ${pause / 1000} s`);
      await sleep(pause, undefined, { signal: of.signal }).catch(() => undefined);
    }
  }
}

async function readPinned(of: Pinning): Promise<Pinned | string> {
  const ending = new AbortController();
  const abort = (): void => ending.abort();
  const stopListening = onAbort(of.signal, abort);
  const holder = await openSession(of.connection, { applicationName: 'oneroof golden' });
  // the deadline of the whole copy bounds the snapshot's age
  const guard = await guardDump(holder, { budget: { maxSnapshotAge: Number.POSITIVE_INFINITY }, stop: abort });
  // a client that has vanished holds nothing for long, and one that reads for long is not taken for such
  const alive = setInterval(() => void holder.query(sql`select 1`).catch(() => undefined), 60_000);
  try {
    const found = await findSnapshot(holder, of);
    if (found === null)
      return `each of ${snapshots} snapshots saw a transaction and not one that had committed before it`;
    const { snapshot, end } = found;
    const objects = await listUnder(of.connection, snapshot);
    const rows = await captureRows(of.connection, {
      snapshot,
      seeds: drawProofSeeds(),
      workers: of.workers,
      applicationName: 'oneroof golden',
      signal: ending.signal,
    });
    return { end, rows, objects };
  } catch (error) {
    throw guard.reason ?? lockedOut(error);
  } finally {
    clearInterval(alive);
    stopListening();
    await guard.close();
    await holder.close();
  }
}

/** A table that another session locks, or has dropped since it was listed: the same as one that would wait for us. */
function lockedOut(error: unknown): unknown {
  if (!['55P03', '42P01'].includes(sqlStateOf(error))) return error;
  return new OneRoofError('CLONE_BLOCKED', {
    ...stated`a table of production could not be locked for reading: ${{ said: printable(String((error as Error).message)) }}`,
    fix: 'run the same command again when no migration or maintenance runs there',
    cause: error,
  });
}

/** Locks the tables, so that none is rewritten while it is read, and then tries snapshots until one has its place in the WAL. */
async function findSnapshot(
  holder: Session,
  { isStandby, wal, signal }: Pinning,
): Promise<{ readonly snapshot: string; readonly end: bigint } | null> {
  await holder.query(sql`set idle_in_transaction_session_timeout = '10min'`);
  // each statement has a snapshot of its own, and an exported one stays until the transaction ends
  await holder.query(sql`begin isolation level read committed read only`);
  await holder.query(sql`set local lock_timeout = '5s'`);
  const tables = await namesToLock(holder);
  for (let at = 0; at < tables.length; at += 200)
    await holder.query(sql`lock table ${fixed(tables.slice(at, at + 200).join(', '))} in access share mode`);
  const least = await positionOf(holder, isStandby);
  for (let tries = 0; tries < snapshots && !signal.aborted; tries += 1) {
    const found = isStandby ? await standbySnapshot(holder, wal) : await primarySnapshot(holder, wal);
    // the copy needs the WAL of its base backup, which ended before
    if (found !== null && found.end >= least) return found;
    await sleep(50 + 50 * tries, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

async function primarySnapshot(
  holder: Session,
  wal: WalFiles,
): Promise<{ readonly snapshot: string; readonly end: bigint } | null> {
  const [row] = await holder.query<{ snapshot: string; seen: string; next: string }>(sql`
    select pg_catalog.pg_export_snapshot() as snapshot, pg_catalog.pg_current_snapshot()::text as seen, pg_catalog.pg_current_wal_insert_lsn()::text as next`);
  const end = await flushed(holder, writtenEnd(lsnOf(row?.next ?? '0/0')));
  const commits = await wal.fetch(end);
  const at = endFor(seenTransactions(row?.seen ?? ''), { commits, end });
  return at === null ? null : { snapshot: row?.snapshot ?? '', end: at };
}

/** A commit that a session does not wait for is written three times `wal_writer_delay` later at most, as the manual says; this is more. Milliseconds. */
const writingDelay = 2000;

/** Waits until production has written its WAL up to a position; where it has no reason to, all commits that could be seen then are written. */
async function flushed(holder: Session, next: bigint): Promise<bigint> {
  const [row] = await holder.query<{ delay: string }>(
    sql`select setting as delay from pg_catalog.pg_settings where name = 'wal_writer_delay'`,
  );
  const longest = Math.max(writingDelay, 4 * Number(row?.delay ?? 200));
  for (const began = performance.now(); ; await sleep(50)) {
    const [now] = await holder.query<{ lsn: string }>(sql`select pg_catalog.pg_current_wal_flush_lsn()::text as lsn`);
    const lsn = lsnOf(now?.lsn ?? '0/0');
    if (lsn >= next) return next;
    if (performance.now() - began > longest) return lsn;
  }
}

/**
 * A standby applies one record after the other, and does not list transactions that run. Where it stands at one position before and after a snapshot, the
 * snapshot has all that is before that position.
 */
async function standbySnapshot(
  holder: Session,
  wal: WalFiles,
): Promise<{ readonly snapshot: string; readonly end: bigint } | null> {
  const before = await positionOf(holder, true);
  const [row] = await holder.query<{ snapshot: string }>(sql`select pg_catalog.pg_export_snapshot() as snapshot`);
  // the position is moved a moment after a commit became visible
  await sleep(20);
  const end = writtenEnd(await positionOf(holder, true));
  if (end !== writtenEnd(before)) return null;
  await wal.fetch(end);
  return { snapshot: row?.snapshot ?? '', end };
}

async function positionOf(session: Session, isStandby: boolean): Promise<bigint> {
  const position = fixed(isStandby ? 'pg_catalog.pg_last_wal_replay_lsn()' : 'pg_catalog.pg_current_wal_insert_lsn()');
  const [row] = await session.query<{ lsn: string }>(sql`select ${position}::text as lsn`);
  return writtenEnd(lsnOf(row?.lsn ?? '0/0'));
}

async function listUnder(connection: Connection, snapshot: string): Promise<readonly ListedObject[]> {
  const session = await openSession(connection, { applicationName: 'oneroof golden' });
  try {
    await session.query(sql`begin isolation level repeatable read read only`);
    await session.query(sql`set transaction snapshot ${literal(snapshot)}`);
    return await listSchema(session);
  } finally {
    await session.close();
  }
}
