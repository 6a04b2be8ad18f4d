import { setTimeout as sleep } from 'node:timers/promises';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { openSession, type Session, sql } from '../../database/index.ts';

/** What production may be asked for. Milliseconds. */
export interface DumpBudget {
  /** From the first question to production to the last one: so long is a snapshot held there. */
  readonly maxSnapshotAge: number;
}

/** The sessions of a copy. */
const applicationName = 'oneroof golden';

/** How often it is checked whether another session waits. Milliseconds. */
const pause = 500;
/** A session that waits for us longer than this ends the copy. Milliseconds. */
const patience = 2000;

/** Watches the effects of a copy on production. */
export interface DumpGuard {
  /** Why the copy must end; null: it continues. */
  readonly reason: OneRoofError | null;
  close(): Promise<void>;
}

/**
 * Watches sessions of production that wait for the copy's locks, and the age of its snapshot; ends the copy where there is need. Its questions keep
 * the connection of the snapshot alive.
 */
export async function guardDump(
  holder: Session,
  of: { readonly budget: DumpBudget; readonly stop: (reason: OneRoofError) => void },
): Promise<DumpGuard> {
  const began = performance.now();
  const watcher = await openSession(holder.connection, { applicationName: 'oneroof golden watch' });
  const guard = { reason: null as OneRoofError | null };
  const waiting = new Map<string, number>();
  const stop = (reason: OneRoofError): void => {
    guard.reason ??= reason;
    of.stop(guard.reason);
  };
  const look = async (): Promise<void> => {
    if (performance.now() - began > of.budget.maxSnapshotAge) return stop(tooLong(of.budget.maxSnapshotAge));
    // pg_locks, because a role without pg_monitor does not see what other sessions wait for
    const rows = await watcher.query<{ pid: string; who: string }>(sql`
      select l.pid::text as pid, pg_catalog.format('%s (pid %s)', coalesce(a.usename, a.backend_type, 'a session'), l.pid) as who
      from (select distinct pid from pg_catalog.pg_locks where not granted) l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
      where exists (select from unnest(pg_catalog.pg_blocking_pids(l.pid)) b join pg_catalog.pg_stat_activity o on o.pid = b
        where o.application_name = ${applicationName} and o.usename = current_user) and a.application_name is distinct from ${applicationName}`);
    for (const pid of waiting.keys()) if (!rows.some((row) => row.pid === pid)) waiting.delete(pid);
    for (const { pid, who } of rows) {
      const since = waiting.get(pid) ?? performance.now();
      waiting.set(pid, since);
      if (performance.now() - since > patience) return stop(blocked(who));
    }
  };
  const closing = new AbortController();
  const loop = (async () => {
    while (!closing.signal.aborted && guard.reason === null) {
      try {
        await look();
      } catch (error) {
        stop(
          error instanceof OneRoofError
            ? error
            : new OneRoofError('CONNECTION_LOST', {
                ...stated`the watch over the copy failed: ${{ said: printable(String(error)) }}`,
                fix: 'run the same command again',
                cause: error,
              }),
        );
      }
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();
  return {
    get reason() {
      return guard.reason;
    },
    close: async () => {
      closing.abort();
      await loop;
      await watcher.close();
    },
  };
}

function blocked(who: string): OneRoofError {
  return new OneRoofError('CLONE_BLOCKED', {
    ...stated`${{ session: printable(who) }} waited ${{ seconds: patience / 1000 }} s for a lock of the copy, so the copy was given up and its locks are released`,
    fix: 'run the same command again when no migration or maintenance runs there',
  });
}

function tooLong(most: number): OneRoofError {
  return new OneRoofError('CLONE_BUDGET', {
    ...stated`the snapshot on production was held for ${{ seconds: Math.round(most / 1000) }} s, so the copy was given up`,
    fix: 'set maxSnapshotAge of the clone provider in oneroof.yaml to more, or dump a standby',
  });
}
