import { OneRoofError, printable, stated } from '../../core/index.ts';
import {
  type Connection,
  describe,
  id,
  literal,
  openSession,
  type Session,
  sql,
  sqlStateOf,
} from '../../database/index.ts';
import { readActors } from '../actors.io.ts';
import { type Actors } from '../actors.ts';

/**
 * Takes from a clone what acts by itself: subscriptions, jobs of pg_cron, prepared transactions. The service has started it already, so the
 * program has to keep it from reaching out until then.
 *
 * Shape   what was there before.
 * Errors  CLONE_NOT_NEUTRAL where the role may not.
 */
export async function neutralise(clone: Connection): Promise<Actors> {
  const session = await openSession(clone, { applicationName: 'oneroof clone' });
  try {
    // event triggers of the copy are not to see what is done here; only a superuser may ask for that
    await session.query(sql`
      select pg_catalog.set_config(name, 'off', false) from pg_catalog.pg_settings
      where name = 'event_triggers' and pg_catalog.current_setting('is_superuser') = 'on'`);
    const actors = await readActors(session);
    await dropSubscriptions(session);
    await stopJobs(session);
    await endPrepared(session);
    return actors;
  } finally {
    await session.close();
  }
}

/** Without a slot, so that the publisher is not asked: its slot is the one that production uses. */
async function dropSubscriptions(session: Session): Promise<void> {
  const rows = await session.query<{ name: string }>(sql`
    select subname::text as name from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid
    where d.datname = pg_catalog.current_database()`);
  for (const { name } of rows)
    await orRefuse(session, `subscription ${name}`, async () => {
      await session.query(sql`alter subscription ${id(name)} disable`);
      await session.query(sql`alter subscription ${id(name)} set (slot_name = none)`);
      await session.query(sql`drop subscription ${id(name)}`);
    });
}

/** Jobs run in the one database that pg_cron is for. */
async function stopJobs(session: Session): Promise<void> {
  const [row] = await session.query<{ runs: string }>(sql`
    select (pg_catalog.to_regclass('cron.job') is not null
      and pg_catalog.current_setting('cron.database_name', true) = pg_catalog.current_database()
      and coalesce(pg_catalog.current_setting('cron.launch_active_jobs', true), 'on') <> 'off')::text as runs`);
  if (row?.runs !== 'true') return;
  await orRefuse(session, 'jobs of pg_cron', () => session.query(sql`update cron.job set active = false where active`));
}

async function endPrepared(session: Session): Promise<void> {
  const rows = await session.query<{ gid: string }>(
    sql`select gid from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()`,
  );
  for (const { gid } of rows)
    await orRefuse(session, `prepared transaction ${gid}`, () => session.query(sql`rollback prepared ${literal(gid)}`));
}

async function orRefuse(session: Session, what: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    if (sqlStateOf(cause) === '') throw cause;
    throw new OneRoofError('CLONE_NOT_NEUTRAL', {
      ...stated`${{ object: printable(what) }} of the clone cannot be switched off by ${{ connection: printable(describe(session.connection)) }}: ${{ said: printable(String((cause as Error).message)) }}`,
      fix: 'let the program answer with a role that owns it or is a superuser, or let the program switch it off (for pg_cron: cron.launch_active_jobs = off)',
      cause,
    });
  }
}
