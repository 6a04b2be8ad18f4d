import { setTimeout as wait } from 'node:timers/promises';
import { formatDuration, type Milliseconds, OneRoofError, stated } from '../core/index.ts';
import { type Connection, openSession, type Session, sql } from '../database/index.ts';
import { rolloutInterrupted } from './executor-session.io.ts';

/** The lag of a replica that is near enough. Milliseconds: ten seconds. */
const nearEnough = 10_000 as Milliseconds;
/** How long a run waits between two batches for replicas to catch up. Milliseconds: ten minutes. */
const longestWait = 600_000;
/** Between two readings while it waits. Milliseconds. */
const pace = 500;

/** Waits between two batches while replicas are far behind. */
export interface ReplicaWatch {
  /**
   * Returns once the replicas are near enough; `onWait` is called each time that they are not.
   *
   * Errors  ROLLOUT_REPLICAS where they stay behind; INTERRUPTED.
   */
  ready(onWait: () => void): Promise<void>;
  close(): Promise<void>;
}

/**
 * Follows the replicas of a server by a session of the observer, who sees their lag as a member of `pg_read_all_stats`. Whoever does not see it
 * waits for none: `onUnseen` is told why, once.
 *
 * Units   `longest`: the lag that is near enough; `patience`: how long it waits; milliseconds.
 */
export function watchReplicas(plan: {
  readonly observer: Connection;
  readonly longest?: Milliseconds | undefined;
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onUnseen: (why: string) => void;
}): ReplicaWatch {
  const { observer, longest = nearEnough, patience = longestWait, signal } = plan;
  let session: Promise<Session> | null = null;
  let isUnseen = false;
  const read = async (): Promise<number> => {
    if (isUnseen) return 0;
    try {
      session ??= openSession(observer, { applicationName: 'oneroof replicas' });
      const { lag, hidden } = await readLag(await session);
      if (hidden === 0) return lag;
      plan.onUnseen('the observer does not see it; grant pg_read_all_stats to it');
    } catch (error) {
      plan.onUnseen(error instanceof Error ? error.message : String(error));
    }
    isUnseen = true;
    return 0;
  };
  return {
    ready: async (onWait) => {
      for (const began = performance.now(); ; ) {
        const lag = await read();
        if (lag <= longest) return;
        if (performance.now() - began > patience)
          throw new OneRoofError('ROLLOUT_REPLICAS', {
            ...stated`a replica is ${{ lag: formatDuration(Math.round(lag) as Milliseconds) }} behind, expected at most ${{ most: formatDuration(longest) }}; the batches so far stay committed`,
            fix: 'wait until it has caught up, or raise `replicaLag` of the target in oneroof.yaml; then run the same command again: it goes on at the next batch',
          });
        onWait();
        await wait(pace, undefined, { signal }).catch(() => {
          throw rolloutInterrupted(null);
        });
      }
    },
    close: async () => {
      await (await session?.catch(() => null))?.close();
    },
  };
}

/** The largest lag of a replica that streams, in milliseconds, and how many replicas hide theirs from this role. */
async function readLag(session: Session): Promise<{ readonly lag: number; readonly hidden: number }> {
  const [row] = await session.query<{ lag: string; hidden: string }>(sql`
    select coalesce(pg_catalog.max(extract(epoch from r.replay_lag) * 1000) filter (where r.state in ('streaming', 'catchup')), 0)::text as lag,
      pg_catalog.count(*) filter (where r.state is null)::text as hidden from pg_catalog.pg_stat_replication r`);
  return { lag: Number(row?.lag ?? 0), hidden: Number(row?.hidden ?? 0) };
}
