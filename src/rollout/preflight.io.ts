import { setTimeout as wait } from 'node:timers/promises';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection, type Session, sql, sqlStateOf } from '../database/index.ts';
import { readRows, readStatementBody } from '../gate/index.ts';
import { isTouched, type Release } from '../release/index.ts';
import { readAttempt, readIdentity, readNewest } from './gate-calls.io.ts';
import { type RunningAttempt } from './reason.ts';
import { type Epoch } from './rollout.ts';
import { nameSession, type SessionFacts } from './session-name.ts';
import { openExecutor } from './executor-session.io.ts';
import { type RolloutQuestion, type Verdict, verdictOf } from './verdict.ts';

/** What a rollout will find. Finding it out writes nothing. */
export interface Preflight {
  readonly verdict: Verdict;
  /** The bytes that people signed; null where there is no statement. */
  readonly body: string | null;
  /** What it would wait for: sessions and prepared transactions of others. We never end them. */
  readonly blockers: readonly string[];
  /** Another attempt that is at work in this database, of whatever release; null: there is none. */
  readonly attempt: RunningAttempt | null;
  /** Every attempt up to this one has ended; null where one is at work. */
  readonly ended: Epoch | null;
  /** `may-lack`: a synchronous standby is configured, so a commit that no answer told of may be missing there. */
  readonly standbys: 'none' | 'may-lack';
}

/** What is about to be run, and where. */
interface PreflightPlan extends RolloutQuestion {
  readonly executor: Connection;
  /** How long a metric is waited for that a lock of others keeps from being measured, as a tier waits for locks. Milliseconds; absent: not at all. */
  readonly patience?: number;
  /** Told who is waited for. */
  readonly onWaiting?: (blockers: readonly string[]) => void;
}

/**
 * Reads with a session that cannot write: gate, schema, server, and who holds the tables of the release.
 *
 * Errors  GATE_NOT_INSTALLED, ROLLOUT_NOT_DIRECT, ROLLOUT_READ_ONLY; those of openSession.
 */
export async function preflight(plan: PreflightPlan): Promise<Preflight> {
  const { sealed, executor } = plan;
  const look = { applicationName: 'oneroof preflight', write: 'never' } as const;
  const session = await openExecutor(executor, sealed.release.settings, look);
  try {
    await requireDirect(session);
    await requireWritable(session);
    const until = performance.now() + (plan.patience ?? 0);
    for (;;) {
      const found = await readOnce(session, plan);
      if (!found.verdict.isLocked || performance.now() >= until) return found;
      plan.onWaiting?.(found.blockers);
      await wait(500);
    }
  } catch (error) {
    throw asMissing(error);
  } finally {
    await session.close();
  }
}

/** At one moment: a COMMIT of another attempt between two readings would look like half of a tier. */
async function readOnce(session: Session, plan: PreflightPlan): Promise<Preflight> {
  const { release, seal } = plan.sealed;
  // before the rows: what an attempt commits that ends in between is in them
  const newest = await readNewest(session);
  const attempt = await readAttempt(session);
  const { standbys: named } = await readIdentity(session);
  await session.query(sql`begin isolation level repeatable read read only`);
  const rows = await readRows(session, seal);
  const verdict = verdictOf({ rows }, plan);
  const { statement } = verdict;
  const body = statement === null ? null : await readStatementBody(session, statement);
  const blockers = await readBlockers(session, release);
  await session.query(sql`commit`);
  const ended = attempt === null ? newest : null;
  return { verdict, body, blockers, attempt, ended, standbys: named === '' ? 'none' : 'may-lack' };
}

/** Refuses a session behind a proxy that shares server sessions: a setting is lost or lands in another session, and so does the fence. */
export async function requireDirect(session: Session): Promise<void> {
  const token = `${session.pid}`;
  await session.query(sql`select pg_catalog.set_config('oneroof.direct', ${token}, false)`);
  const seen = [];
  for (let index = 0; index < 2; index += 1) {
    await session.query(sql`begin`);
    const [row] = await session.query<{ pid: string; token: string | null }>(
      sql`select pg_catalog.pg_backend_pid()::text as pid, pg_catalog.current_setting('oneroof.direct', true) as token`,
    );
    await session.query(sql`commit`);
    seen.push(row);
  }
  if (seen.every((row) => row?.pid === token && row.token === token)) return;
  throw new OneRoofError('ROLLOUT_NOT_DIRECT', {
    ...stated`two transactions of one session were served by different server processes, or a setting was lost between them`,
    fix: 'give the executor the address of the server itself, not of a connection pooler',
  });
}

/** Refuses a standby, and a server or database that is set to take no writes. */
export async function requireWritable(session: Session): Promise<void> {
  const [row] = await session.query<{ standby: string; only: string | null }>(sql`
    select pg_catalog.pg_is_in_recovery()::text as standby,
      (select coalesce(
        (select pg_catalog.max(s) from pg_catalog.pg_db_role_setting r, pg_catalog.unnest(r.setconfig) s
          where s ~ '^default_transaction_read_only=(on|true|1|yes)$'
            and (r.setdatabase = 0 or r.setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
            and (r.setrole = 0 or r.setrole = (select oid from pg_catalog.pg_roles where rolname = session_user))),
        (select 'on' from pg_catalog.pg_settings where name = 'default_transaction_read_only' and boot_val <> reset_val))) as only`);
  const why = row?.standby === 'true' ? 'it is a standby' : row?.only ? 'default_transaction_read_only is on' : null;
  if (why === null) return;
  throw new OneRoofError('ROLLOUT_READ_ONLY', {
    ...stated`the server is read-only: ${{ why }}`,
    fix: 'give the executor the address of the primary, or turn the setting off',
  });
}

/** A transaction that is open longer than this keeps a lock of ours waiting, or old rows alive. */
const longTransaction = '1 minute';

/** The sessions that hold the tables of a release, and those with a long open transaction. A session without pg_read_all_stats sees the transactions of its own role only. */
export async function readBlockers(session: Pick<Session, 'query'>, release: Release): Promise<readonly string[]> {
  const rows = await session.query<Record<keyof Blocker, string | null>>(sql`
    with others as (select a.pid, a.application_name as application, a.usename as role, pg_catalog.host(a.client_addr) as address, a.query, a.xact_start
      from pg_catalog.pg_stat_activity a where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid())
    select n.nspname as schema, c.relname as relation, l.pid::text, a.application, a.role, a.address, a.query,
      pg_catalog.format('holds %s on %I.%I', l.mode, n.nspname, c.relname) as does
    from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join others a on a.pid = l.pid
    where l.granted and l.pid is distinct from pg_catalog.pg_backend_pid()
      and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    union all
    select null, null, pid::text, application, role, address, query, pg_catalog.format('has a transaction open since %s', xact_start)
    from others where xact_start < pg_catalog.now() - ${longTransaction}::interval
    union all
    select null, null, null, null, null, null, null, pg_catalog.format('the prepared transaction %L of %s', gid, owner)
    from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()`);
  return rows
    .filter(({ schema, relation }) => schema === null || isTouched([schema, relation ?? ''], release.touches))
    .map(({ pid, does, ...facts }) =>
      pid === null && facts.schema === null
        ? printable(does ?? '')
        : `session ${pid ?? 'of a prepared transaction'} (${nameSession(facts)}) ${printable(does ?? '')}`,
    )
    .toSorted();
}

interface Blocker extends SessionFacts {
  readonly schema: string | null;
  readonly relation: string | null;
  readonly pid: string | null;
  readonly does: string;
}

/** undefined_table, undefined_function, invalid_schema_name, insufficient_privilege. */
function asMissing(error: unknown): unknown {
  if (!['42P01', '42883', '3F000', '42501'].includes(sqlStateOf(error))) return error;
  return new OneRoofError('GATE_NOT_INSTALLED', {
    ...stated`the executor cannot use a gate in this database: ${{ said: error instanceof Error ? error.message : '' }}`,
    fix: 'install the gate there, or correct the address of the executor',
    cause: error,
  });
}
