import { type Waiting } from '../activity/index.ts';
import { type Connection, lockModes, type Session, sql } from '../database/index.ts';
import { type ReleaseSettings } from '../release/index.ts';
import { type RolloutEvent } from './rollout.ts';
import { nameSession, type SessionFacts } from './session-name.ts';
import { openExecutor } from './executor-session.io.ts';
import { type OpenSince, openSince } from './open-since.io.ts';

/** A statement that takes longer may be waiting for another session. Milliseconds. */
const patience = 1000;
/** Between two checks of a long statement; and after a retry, whose waits are as short as the lock time-out. Milliseconds. */
const pace = { long: 500, retried: 100 } as const;

/** Finds which sessions an attempt waits for, with a separate session that cannot write; it never ends a session. */
export interface BlockerMonitor {
  /** Sets the server process whose waits are checked; before that, no session is found. */
  watch(pid: number): void;
  /** Follows the attempt: what it does now, and whether it is a retry. */
  see(event: RolloutEvent): void;
  close(): Promise<void>;
}

/**
 * Starts to watch one run of the executor. It never throws, and the run never waits for it.
 *
 * Shape   `onWaiting` is told of each change; empty: no one. After a retry the last ones seen stay until the tier is through.
 */
export function openBlockerMonitor(plan: {
  readonly executor: Connection;
  /** Tells since when a transaction is open that a statement outside of one waits for. */
  readonly observer: Connection;
  readonly settings: ReleaseSettings;
  readonly onWaiting: (waiting: readonly Waiting[]) => void;
  /** Called once if the blockers cannot be read; then the monitor has ended. */
  readonly onTrouble: (why: string) => void;
}): BlockerMonitor {
  const { executor, settings } = plan;
  const applicationName = 'oneroof blockers';
  const transactions = openSince(plan.observer);
  let session: Promise<Session> | null = null;
  // from its beginning on: an attempt may wait for the fence, or for a standby that is to know of it
  let pid: number | null = null;
  let mode: 'idle' | 'step' | 'retried' = 'step';
  let [since, lookedAt, said, isOver] = [performance.now(), 0, '[]', false];
  let looking: Promise<void> | null = null;

  const say = (waiting: readonly Waiting[]): void => {
    const text = JSON.stringify(waiting);
    if (text === said || isOver) return;
    said = text;
    plan.onWaiting(waiting);
  };
  const look = async (): Promise<void> => {
    try {
      session ??= openExecutor(executor, settings, { applicationName, write: 'never' });
      const found = await withBegin(await readWaiting(await session, pid), transactions);
      if (mode !== 'idle' && (found.length > 0 || mode === 'step')) say(found);
    } catch (error) {
      if (!isOver) plan.onTrouble(error instanceof Error ? error.message : String(error));
      isOver = true;
    }
  };
  const timer = setInterval(() => {
    const now = performance.now();
    const isDue =
      mode === 'retried' ? now - lookedAt >= pace.retried : now - since > patience && now - lookedAt >= pace.long;
    if (isOver || mode === 'idle' || looking !== null || !isDue) return;
    lookedAt = now;
    looking = look().finally(() => {
      looking = null;
    });
  }, pace.retried);
  return {
    watch: (of) => {
      pid = of;
    },
    see: ({ at }) => {
      if (at === 'waiting') return say([{ pid: null, application: 'another attempt', relation: null, mode: null }]);
      if (at === 'retry') mode = 'retried';
      else if (at === 'committed' || at === 'batch' || at === 'attempt') {
        mode = 'idle';
        say([]);
      } else {
        if (mode !== 'retried') {
          mode = 'step';
          say([]);
        }
        since = performance.now();
      }
    },
    close: async () => {
      isOver = true;
      clearInterval(timer);
      await looking;
      await (await session?.catch(() => null))?.close();
      await transactions.close();
    },
  };
}

/**
 * Who blocks the session of this server process, what it waits for, and the lock that the other one holds there. `pg_blocking_pids`, `pg_locks` and the application's name are there for
 * every role; what else others do is not. A COMMIT that waits for a synchronous standby holds its locks: it is found where it is an
 * executor's, the one that is looked for or one that blocks it.
 *
 * Source  PostgreSQL manual, "System Information Functions" and "The Cumulative Statistics System".
 */
async function readWaiting(session: Session, pid: number | null): Promise<readonly Found[]> {
  const rows = await session.query<{ waiting: string }>(sql`
    with ours as (select * from pg_catalog.pg_stat_activity
      where datname = pg_catalog.current_database() and usename in (current_user, 'oneroof_runner') and pid = ${pid}::integer)
    select distinct pg_catalog.json_build_object('pid', nullif(b.pid, 0),
      'application', case when b.pid = 0 then 'a prepared transaction' else nullif(a.application_name, '') end,
      'isOutside', w.usename = 'oneroof_runner', 'role', a.usename, 'address', pg_catalog.host(a.client_addr), 'query', a.query,
      'relation', l.relation, 'mode', m.mode)::text as waiting
    from ours w
      cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as b(pid)
      left join pg_catalog.pg_stat_activity a on a.pid = b.pid
      left join lateral (
        -- who waits for the end of a transaction, for a row of his, holds a lock on that row
        select n.nspname || '.' || c.relname as relation, c.oid
        from pg_catalog.pg_locks k join pg_catalog.pg_class c on c.oid = k.relation
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where k.pid = w.pid and (not k.granted or k.locktype = 'tuple')
        order by k.granted limit 1) l on true
      left join lateral (
        -- the strongest lock that the other one has there, or wants, because it waits in front of us
        select k.mode from pg_catalog.pg_locks k
        where k.relation = l.oid and k.locktype = 'relation' and k.pid is not distinct from nullif(b.pid, 0)
          and k.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
        order by k.granted desc, pg_catalog.array_position(${lockModes}::text[], k.mode) desc limit 1) m on true
    union
    select pg_catalog.json_build_object('pid', null, 'relation', null, 'mode', null, 'application',
      'a synchronous standby, of ' || pg_catalog.current_setting('synchronous_standby_names'))::text
    from ours w join pg_catalog.pg_stat_activity a on a.pid = w.pid or a.pid = any (pg_catalog.pg_blocking_pids(w.pid))
    where a.wait_event = 'SyncRep'
    order by 1 limit 20`);
  return rows.map(({ waiting }) => {
    const {
      role,
      address,
      query,
      isOutside = false,
      ...found
    } = JSON.parse(waiting) as Waiting & SessionFacts & { isOutside?: boolean };
    const name = role == null ? found.application : nameSession({ ...found, role, address, query });
    return { isOutside, waiting: { ...found, application: name } };
  });
}

/** Who is waited for, and whether by a statement outside of a transaction. */
interface Found {
  readonly isOutside: boolean;
  readonly waiting: Waiting;
}

/** What runs outside of a transaction waits for older ones, in any table: since when they are open is what a person has to know. */
async function withBegin(found: readonly Found[], transactions: OpenSince): Promise<readonly Waiting[]> {
  const pids = found.flatMap(({ isOutside, waiting: { pid } }) => (isOutside && pid !== null ? [pid] : []));
  if (pids.length === 0) return found.map(({ waiting }) => waiting);
  const begins = await transactions.read(pids);
  return found.map(({ isOutside, waiting }) =>
    isOutside ? { ...waiting, since: begins.get(waiting.pid ?? 0) ?? null } : waiting,
  );
}
