import { type Session, sql } from '../database/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type BatchedStep } from '../gate/index.ts';
import { type Direction, type Step } from '../release/index.ts';
import { attemptName } from './executor-session.io.ts';
import { type Backend, type Findings, type ServerIdentity, standby } from './outcome.ts';
import { type RunningAttempt } from './reason.ts';
import { type Epoch, type Holder, type Progress } from './rollout.ts';

/** One cycle in one direction: what every call of the gate names. */
export interface CycleCall {
  readonly statement: StatementDigest;
  readonly direction: Direction;
}

/** A tier of a cycle, entered by an attempt. */
export interface TierCall extends CycleCall {
  readonly tier: string;
  readonly epoch: Epoch;
}

/** Begins an attempt: every older one is fenced off from now on. */
export async function beginAttempt(session: Session, { statement, direction }: CycleCall): Promise<Epoch> {
  const [row] = await session.query<{ epoch: string }>(
    sql`select gate.begin_attempt(${statement}, ${direction})::text as epoch`,
  );
  return row?.epoch ?? '';
}

/** Enters a tier: the gate checks the fence, the ratification, the order and the schema. */
export async function enterTier(session: Session, { statement, direction, tier, epoch }: TierCall): Promise<void> {
  await session.query(sql`select gate.enter_tier(${statement}, ${direction}, ${tier}, ${epoch}::bigint)`);
}

/** Hands a step to the gate, which runs it if it is the next one, to the byte. */
export async function runStep(
  session: Session,
  entry: TierCall & { readonly n: number; readonly step: Step },
): Promise<void> {
  const { statement, direction, tier, n, step } = entry;
  await session.query(sql`select gate.run_step(${statement}, ${direction}, ${tier}, ${n}::integer, ${step.sql})`);
}

/** Hands a step with bounds to the gate, which chooses the next batch and runs the step for it; the answer is how far the step is then. */
export async function runBatch(
  session: Session,
  entry: TierCall & { readonly n: number; readonly step: Step },
): Promise<BatchedStep> {
  const { statement, direction, tier, n, step } = entry;
  const [row] = await session.query<{ done: string }>(
    sql`select gate.run_batch(${statement}, ${direction}, ${tier}, ${n}::integer, ${step.sql})::text as done`,
  );
  return { direction, tier, n, ...(JSON.parse(row?.done ?? '{}') as Omit<BatchedStep, 'direction' | 'tier' | 'n'>) };
}

/** Leaves a tier: the gate makes its checks and writes the marker. */
export async function leaveTier(session: Session, { statement, direction, tier, epoch }: TierCall): Promise<void> {
  await session.query(sql`select gate.leave_tier(${statement}, ${direction}, ${tier}, ${epoch}::bigint)`);
}

/** The state of a cycle, by the database's own rows. */
export async function readProgress(session: Session, statement: StatementDigest): Promise<Progress> {
  // by one statement: a COMMIT of an older attempt that comes between two would look like half of a tier
  const [row] = await session.query<{ markers: string; steps: string; batches: string }>(sql`
    select (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('tier', tier, 'direction', direction, 'epoch', epoch::text,
        'schemaAfter', schema_after)), '[]') from gate.markers_of(${statement}))::text as markers,
      (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('tier', tier, 'direction', direction, 'n', n)), '[]')
        from gate.steps_of(${statement}))::text as steps,
      (select coalesce(pg_catalog.json_agg(b), '[]') from gate.batches_of(${statement}) b)::text as batches`);
  return {
    markers: JSON.parse(row?.markers ?? '[]') as Progress['markers'],
    steps: JSON.parse(row?.steps ?? '[]') as Progress['steps'],
    batches: JSON.parse(row?.batches ?? '[]') as readonly BatchedStep[],
  };
}

/** The digest of the live schema, by the gate's own function. */
export async function readSchemaDigest(session: Session): Promise<string> {
  const [row] = await session.query<{ digest: string }>(sql`select gate.schema_digest() as digest`);
  return row?.digest ?? '';
}

/** The timeline is read from the name of a WAL file: the control file still shows the old one right after a promotion. */
export async function readIdentity(session: Session): Promise<ServerIdentity> {
  const [row] = await session.query<ServerIdentity>(sql`
    select s.system_identifier::text as "systemIdentifier", d.oid::text as "databaseOid",
      case when pg_catalog.pg_is_in_recovery() then ${standby}
        else pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) end as timeline,
      pg_catalog.pg_postmaster_start_time()::text as "startedAt",
      pg_catalog.current_setting('synchronous_standby_names') as standbys
    from pg_catalog.pg_control_system() s, pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`);
  return row ?? { systemIdentifier: '', databaseOid: '', timeline: '', startedAt: '', standbys: '' };
}

/** Identifies the server process of a session, also if a later one has the same pid. */
export async function readBackend(session: Session): Promise<Backend> {
  const [row] = await session.query<{ startedAt: string }>(sql`
    select extract(epoch from backend_start)::text as "startedAt"
    from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())`);
  return { pid: session.pid, startedAt: row?.startedAt ?? '' };
}

/** A process of the same role shows its start time; a process that hides it does not count as ended. */
export async function readState(session: Session, { pid, startedAt }: Backend): Promise<Findings['backend']> {
  const [row] = await session.query<{ event: string | null }>(sql`
    select wait_event as event from pg_catalog.pg_stat_get_activity(${pid}::integer)
    where backend_start is null or extract(epoch from backend_start)::text = ${startedAt}`);
  if (row === undefined) return 'gone';
  return row.event === 'SyncRep' ? 'waiting' : 'alive';
}

/** Whether the session of a newer attempt exists: the process in the gate's rows, and not a later one with its pid. */
export async function isNewerAlive(session: Session, epoch: Epoch): Promise<boolean> {
  const rows = await session.query(sql`
    select 1 from gate.attempt() f cross join pg_catalog.pg_stat_get_activity(f.pid) a
    where f.epoch > ${epoch}::bigint and f.pid <> pg_catalog.pg_backend_pid()
      and (a.backend_start is null or a.backend_start <= f.taken_at)`);
  return rows.length > 0;
}

/** The running attempt: its session exists, or a session of its role is in a transaction; null: there is none. A role sees all of its own sessions. */
export async function readAttempt(session: Session): Promise<RunningAttempt | null> {
  const [row] = await session.query<Omit<RunningAttempt, 'pid'> & { readonly pid: string }>(sql`
    select a.pid::text as pid, coalesce(a.application_name, '') as application, a.client_addr::text as client,
      pg_catalog.to_char(coalesce(f.taken_at, a.xact_start) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
    from pg_catalog.pg_stat_activity a left join gate.attempt() f on f.pid = a.pid and a.backend_start <= f.taken_at
    where a.pid <> pg_catalog.pg_backend_pid() and a.datname = pg_catalog.current_database() and a.usename = session_user
      and (f.pid is not null or a.xact_start is not null and a.application_name = ${attemptName})
    order by f.epoch desc nulls last, a.xact_start limit 1`);
  return row === undefined ? null : { ...row, pid: Number(row.pid) };
}

/** The number of the newest attempt. */
export async function readNewest(session: Session): Promise<Epoch> {
  const [row] = await session.query<{ epoch: string }>(sql`select epoch::text as epoch from gate.attempt()`);
  return row?.epoch ?? '0';
}

/** Other sessions of the executor's role that are in a transaction. The role sees its own sessions, and may end them. */
export async function readHolders(session: Session): Promise<readonly Holder[]> {
  const rows = await session.query<{ pid: string; application: string; since: string; fence: string }>(sql`
    select a.pid::text as pid, a.application_name as application,
      pg_catalog.to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
      exists (select from pg_catalog.pg_locks l where l.pid = a.pid and l.granted and l.relation = pg_catalog.to_regclass('gate.fence')
        and l.mode in ('RowShareLock', 'RowExclusiveLock'))::text as fence
    from pg_catalog.pg_stat_activity a
    where a.datname = pg_catalog.current_database() and a.usename = current_user and a.pid <> pg_catalog.pg_backend_pid()
      and a.xact_start is not null
    order by a.xact_start`);
  return rows.map(({ pid, fence, ...row }) => ({ ...row, pid: Number(pid), fence: fence === 'true' }));
}
