import { type Instant } from '../core/index.ts';
import { type Connection, type Observer, openObserver, sql } from '../database/index.ts';

/** Tells since when the transactions of other sessions are open. */
export interface OpenSince {
  /** By server process; without those that the observer's role may not see. It never throws. */
  read(pids: readonly number[]): Promise<ReadonlyMap<number, Instant>>;
  close(): Promise<void>;
}

/**
 * As the observer, because the executor sees its own transactions only: a member of `pg_read_all_stats` sees all. It reads the beginning and nothing else.
 *
 * Shape   opened with the first question; where that fails, no transaction is known.
 */
export function openSince(observer: Connection): OpenSince {
  let session: Promise<Observer | null> | null = null;
  const open = (): Promise<Observer | null> => {
    session ??= openObserver(observer, { applicationName: 'oneroof blockers' }).catch(() => null);
    return session;
  };
  return {
    read: async (pids) => {
      const rows = await (await open())
        ?.snapshot((reading) =>
          reading.query<{ pid: number; since: Instant }>(sql`
            select pid, pg_catalog.to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
            from pg_catalog.pg_stat_activity where pid = any (${pids}::integer[]) and xact_start is not null
              -- the observer may read a standby, where a process of that number is another one
              and not pg_catalog.pg_is_in_recovery() and datname = pg_catalog.current_database()`),
        )
        .catch(() => []);
      return new Map(rows?.map(({ pid, since }) => [Number(pid), since]));
    },
    close: async () => {
      await (await session)?.close().catch(() => undefined);
    },
  };
}
