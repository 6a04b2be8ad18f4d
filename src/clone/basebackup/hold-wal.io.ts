import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, openSession, type Session, sql } from '../../database/index.ts';
import { lsnOf, lsnText } from './commits.ts';

/** WAL of production that it keeps until we have it. */
export interface HeldWal {
  /** Frees the WAL, and ends what is left on production of the programs with our tag. */
  close(): Promise<void>;
}

/** How often the base backup is looked at. Milliseconds. */
const pause = 1000;

/**
 * Keeps WAL on production by a temporary slot, which goes with this session: from the beginning of the base backup to the snapshot that the copy is
 * compared with. While files are copied, what was written before is freed every second; the base backup keeps for itself what it needs.
 */
export async function holdWal(
  connection: Connection,
  of: {
    readonly tag: string;
    readonly isStandby: boolean;
    readonly onProgress?: ((bytes: { done: number; total: number }) => void) | undefined;
  },
): Promise<HeldWal> {
  const slot = of.tag.replaceAll(/[^a-z0-9]+/g, '_');
  const session = await openSession(connection, { applicationName: 'oneroof golden' });
  const closing = new AbortController();
  try {
    await session.query(sql`select pg_catalog.pg_create_physical_replication_slot(${slot}, true, true)`);
  } catch (error) {
    await session.close();
    throw error;
  }
  const loop = (async () => {
    let held = 0n;
    while (!closing.signal.aborted) {
      // a standby's backup ends at a position that may be behind what it has replayed
      const now = of.isStandby ? 0n : await writtenBy(session);
      const [row] = await session.query<{ phase: string; done: string; total: string | null }>(sql`
        select p.phase, p.backup_streamed::text as done, p.backup_total::text as total from pg_catalog.pg_stat_progress_basebackup p
        join pg_catalog.pg_stat_activity a on a.pid = p.pid where a.application_name = ${of.tag}`);
      if (row?.phase === 'streaming database files') {
        if (row.total !== null) of.onProgress?.({ done: Number(row.done), total: Number(row.total) });
        // the position was read while the backup went on, so its end is behind that
        if (now > held)
          await session.query(sql`select pg_catalog.pg_replication_slot_advance(${slot}, ${lsnText(now)}::pg_lsn)`);
        held = now;
      }
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();
  // a lost connection is told by what needs it next
  loop.catch(() => undefined);
  return {
    close: async () => {
      closing.abort();
      await loop.catch(() => undefined);
      await session
        .query(
          sql`select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where application_name = ${of.tag} and usename = current_user`,
        )
        .catch(() => undefined);
      await session.close();
    },
  };
}

async function writtenBy(session: Session): Promise<bigint> {
  const [row] = await session.query<{ lsn: string }>(sql`select pg_catalog.pg_current_wal_flush_lsn()::text as lsn`);
  return lsnOf(row?.lsn ?? '0/0');
}
