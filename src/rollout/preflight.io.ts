import { isNonEmpty, type NonEmpty, OneRoofError } from '../core/index.ts';
import { type Connection, type Session, sql, sqlStateOf } from '../database/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import {
  type Cycle as GateCycle,
  chooseCycle,
  cyclesOf,
  explainOpens,
  isInPlace,
  readCyclesOf,
  type RefusalCode,
} from '../gate/index.ts';
import { type Direction, isTouched, type Release, type Seal, type SealedRelease } from '../release/index.ts';
import { readClosed, readProgress, readSchemaDigest } from './gate-calls.io.ts';
import { type HeldReason } from './reason.ts';
import { type Progress } from './rollout.ts';
import { openExecutor } from './session.io.ts';

/** What a rollout is about to meet. Nothing was written to find it out. */
export interface Preflight {
  /** Null where no ratification of this seal was handed in. */
  readonly statement: StatementDigest | null;
  readonly progress: Progress;
  /** Why it must not begin; empty where it may. */
  readonly reasons: readonly HeldReason[];
  /** Whether a statement was named that is not the one to run: then it is held, even where that one has nothing left to do. */
  readonly mistaken: boolean;
  /** Who would make it wait: sessions and prepared transactions of others. They are never ended by us. */
  readonly blockers: readonly string[];
}

/**
 * Looks with a session that cannot write: gate, schema, server, and who holds the tables of the release.
 *
 * Errors  GATE_NOT_INSTALLED, ROLLOUT_NOT_DIRECT, ROLLOUT_READ_ONLY; those of openSession.
 */
export async function preflight(plan: {
  readonly sealed: SealedRelease;
  readonly executor: Connection;
  readonly direction: Direction;
  /** Null: the one in progress, else the newest open one. */
  readonly statement: StatementDigest | null;
}): Promise<Preflight> {
  const { sealed, executor, direction } = plan;
  const look = { applicationName: 'oneroof preflight', write: 'never' } as const;
  const session = await openExecutor(executor, sealed.release.settings, look);
  try {
    await requireDirect(session);
    await requireWritable(session);
    const cycles = await readCyclesOf(session, sealed.seal);
    const choice = choose(cycles, { seal: sealed.seal, direction, named: plan.statement });
    const { statement } = choice;
    const blockers = await readBlockers(session, sealed.release);
    if (statement === null) {
      const reasons = [{ code: 'not-ratified', facts: {} }] as const;
      return { statement, progress: { markers: [], steps: [] }, reasons, mistaken: false, blockers };
    }
    const progress = await readProgress(session, statement);
    const carried = cycles.some(
      ({ opens, closed }) => opens.what === 'rollback' && opens.cycle === statement && closed.down === null,
    );
    const against = await reasonsAgainst(session, {
      statement,
      direction,
      progress,
      carried: carried && direction === 'down',
    });
    return {
      statement,
      progress,
      reasons: [...choice.reasons, ...against],
      mistaken: choice.reasons.length > 0,
      blockers,
    };
  } catch (error) {
    throw asMissing(error);
  } finally {
    await session.close();
  }
}

/** What is run: the cycle, and why it must not be where another statement was named than the one that can be run. */
interface Choice {
  readonly statement: StatementDigest | null;
  readonly reasons: readonly HeldReason[];
}

/**
 * The cycle that is meant. A ratification that carries on a rollback is taken up by the cycle that it names: the database finds it by itself.
 * A named statement that is not the one in place would say "nothing to do" while something is: it is refused.
 */
function choose(
  all: readonly GateCycle[],
  of: { readonly seal: Seal; readonly direction: Direction; readonly named: StatementDigest | null },
): Choice {
  const { seal, direction, named } = of;
  if (named === null) return { statement: chooseCycle(all, of)?.statement ?? null, reasons: [] };
  const held = (code: RefusalCode, text: string): readonly HeldReason[] => [
    { code: 'gate', facts: { code, facts: { said: text } } },
  ];
  const said = all.find(({ statement }) => statement === named);
  if (said === undefined) return { statement: named, reasons: [] };
  const { opens } = said;
  if (opens.what === 'rollback' && direction === 'down') {
    const why = said.closed.down;
    return {
      statement: opens.cycle,
      reasons: why === null ? [] : held(why.code, `${why.facts.said} (${named})`),
    };
  }
  if (opens.what !== 'rollout')
    return { statement: named, reasons: held('purpose', `it is for ${explainOpens(opens)}`) };
  const inPlace = cyclesOf(all, seal).find(isInPlace) ?? null;
  if (inPlace === null || inPlace.statement === named) return { statement: named, reasons: [] };
  const other = `this release is rolled out, or half way, by another ratification: ${inPlace.statement}`;
  return { statement: named, reasons: held('in-progress', other) };
}

async function reasonsAgainst(
  session: Session,
  of: {
    readonly statement: StatementDigest;
    readonly direction: Direction;
    readonly progress: Progress;
    /** By a ratification of its own: who carries a rollback on signs the schema that is there, and the gate compares it on entering. */
    readonly carried: boolean;
  },
): Promise<readonly HeldReason[]> {
  const closed = await readClosed(session, of);
  const last = of.progress.markers.at(-1);
  const live = last === undefined || of.carried ? null : await readSchemaDigest(session);
  return [
    ...(closed === null ? [] : [{ code: 'gate' as const, facts: closed }]),
    ...(last === undefined || live === null || live === last.schemaAfter
      ? []
      : [{ code: 'drifted' as const, facts: { tier: last.tier, direction: last.direction } }]),
  ];
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
    problem: 'two transactions of one session were served by different server processes, or a setting was lost between',
    fix: 'give the executor the address of the server itself, not that of a pooling proxy',
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
  const why =
    row?.standby === 'true' ? 'it is a standby' : row?.only ? 'default_transaction_read_only is on for it' : null;
  if (why === null) return;
  throw new OneRoofError('ROLLOUT_READ_ONLY', {
    problem: `the server takes no writes: ${why}`,
    fix: 'give the executor the address of the primary, or switch the setting off',
  });
}

/** A transaction that is open longer than this keeps a lock of ours waiting, or old rows alive. */
const longTransaction = '1 minute';

/** Who holds the tables of a release, and whose transaction is open for long. A session without pg_read_all_stats sees the transactions of its own role only. */
export async function readBlockers(session: Pick<Session, 'query'>, release: Release): Promise<readonly string[]> {
  const rows = await session.query<{ text: string; schema: string | null; relation: string | null }>(sql`
    select n.nspname as schema, c.relname as relation, pg_catalog.format('session %s (%s) holds %s on %I.%I', l.pid, coalesce(nullif(a.application_name, ''), 'no name'), l.mode, n.nspname, c.relname) as text
    from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.granted and l.pid is distinct from pg_catalog.pg_backend_pid()
      and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    union all
    select null, null, pg_catalog.format('session %s (%s) has a transaction open since %s', pid, coalesce(nullif(application_name, ''), 'no name'), xact_start)
    from pg_catalog.pg_stat_activity where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid()
      and xact_start < pg_catalog.now() - ${longTransaction}::interval
    union all
    select null, null, pg_catalog.format('the prepared transaction %L of %s', gid, owner) from pg_catalog.pg_prepared_xacts
    where database = pg_catalog.current_database()
    order by text`);
  return rows
    .filter(({ schema, relation }) => schema === null || isTouched([schema, relation ?? ''], release.touches))
    .map(({ text }) => text);
}

/** undefined_table, undefined_function, invalid_schema_name, insufficient_privilege. */
function asMissing(error: unknown): unknown {
  if (!['42P01', '42883', '3F000', '42501'].includes(sqlStateOf(error))) return error;
  return new OneRoofError('GATE_NOT_INSTALLED', {
    problem: `the executor cannot use a gate in this database: ${error instanceof Error ? error.message : ''}`,
    fix: 'install the gate there, and see the address of the executor',
    cause: error,
  });
}

/** The reasons as a list that is not empty, or null. */
export function asHeld(reasons: readonly HeldReason[]): NonEmpty<HeldReason> | null {
  return isNonEmpty(reasons) ? reasons : null;
}
