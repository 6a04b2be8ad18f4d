import { type Session, sql } from '../database/index.ts';
import { type Actors } from './actors.ts';

/** Reads what could act by itself in the database of a session. What a role may not see is not among it. */
export async function readActors(session: Session): Promise<Actors> {
  const names = async (query: Parameters<Session['query']>[0]): Promise<readonly string[]> =>
    (await session.query<{ name: string }>(query)).map(({ name }) => name);
  const [cron] = await session.query<{ has: string }>(sql`
    select (pg_catalog.to_regclass('cron.job') is not null and pg_catalog.has_table_privilege(pg_catalog.to_regclass('cron.job'), 'select'))::text as has`);
  return {
    subscriptions: await names(sql`
      select subname::text as name from pg_catalog.pg_subscription
      where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()) order by 1`),
    prepared: await names(sql`
      select gid as name from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database() order by 1`),
    jobs:
      cron?.has === 'true'
        ? await names(
            sql`select coalesce(pg_catalog.to_jsonb(j) ->> 'jobname', j.jobid::text) as name from cron.job j where active order by 1`,
          )
        : [],
    publications: await names(sql`select pubname::text as name from pg_catalog.pg_publication order by 1`),
    eventTriggers: await names(
      sql`select evtname::text as name from pg_catalog.pg_event_trigger where evtenabled <> 'D' order by 1`,
    ),
    foreignServers: await names(sql`select srvname::text as name from pg_catalog.pg_foreign_server order by 1`),
    userMappings: await names(
      sql`select pg_catalog.format('%s for %s', srvname, usename) as name from pg_catalog.pg_user_mappings order by 1`,
    ),
  };
}
