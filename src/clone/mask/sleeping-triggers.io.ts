import { fixed, type Session, sql } from '../../database/index.ts';
import { type MaskTarget } from './mask-targets.io.ts';

/** Triggers that run even in a session of replication, each with the statements that stop it and let it run as before. */
interface Waking {
  readonly stop: string;
  readonly go: string;
}

/**
 * Triggers and rules of masked tables, and event triggers, that `session_replication_role = replica` does not stop: those enabled ALWAYS or for
 * REPLICA. They are disabled while rows are masked, and enabled as they were.
 */
export async function sleepingTriggers(
  session: Session,
  targets: readonly MaskTarget[],
): Promise<{ suspend(): Promise<void>; resume(): Promise<void> }> {
  const oids = targets.flatMap(({ all }) => all.map(({ oid }) => oid));
  const event = await session.query<Waking>(sql`
    select pg_catalog.format('alter event trigger %I disable', evtname) as stop,
           pg_catalog.format('alter event trigger %I enable %s', evtname, case evtenabled when 'A' then 'always' else 'replica' end) as go
    from pg_catalog.pg_event_trigger where evtenabled in ('A', 'R') order by 1`);
  const own = await session.query<Waking>(sql`
    with found as (
      select tgrelid as relation, 'trigger' as what, tgname as name, tgenabled as enabled from pg_catalog.pg_trigger
      union all select ev_class, 'rule', rulename, ev_enabled from pg_catalog.pg_rewrite)
    select pg_catalog.format('alter table %s%I.%I disable %s %I', only_, n.nspname, c.relname, what, name) as stop,
           pg_catalog.format('alter table %s%I.%I enable %s %s %I', only_, n.nspname, c.relname, case enabled when 'A' then 'always' else 'replica' end, what, name) as go
    from found join pg_catalog.pg_class c on c.oid = relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select 'only '::text as only_) o
    where enabled in ('A', 'R') and relation = any(${oids}::oid[]) order by 1`);
  const all = async (statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await session.query(sql`${fixed(statement)}`);
  };
  return {
    // event triggers first and last: the other statements would run them
    suspend: () => all([...event, ...own].map(({ stop }) => stop)),
    resume: () => all([...own, ...event].map(({ go }) => go)),
  };
}
