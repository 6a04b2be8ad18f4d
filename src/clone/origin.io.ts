import { describe, openSession, type Connection, type Session, sql } from '../database/index.ts';
import { OneRoofError } from '../core/index.ts';
import { type Target } from '../setup/index.ts';
import { readActors } from './actors.io.ts';
import { explainActors } from './actors.ts';
import { type Golden, type GoldenOrigin, type SourceIdentity } from './clone.ts';

/** No rows are compared with those of production: which, and why. */
const uncompared = [{ relation: 'all', reason: 'no snapshot of production was shared with the copy' }] as const;

/** Reads before a copy of files what it will not have. */
export async function readOriginOfFiles(session: Session, provider: Golden['provider']): Promise<GoldenOrigin> {
  const names = async (query: Parameters<Session['query']>[0]): Promise<readonly string[]> =>
    (await session.query<{ name: string }>(query)).map(({ name }) => name);
  const unlogged = await names(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and c.relpersistence = 'u' order by 1`);
  const others = await names(sql`
    select datname as name from pg_catalog.pg_database
    where datname not in ('template0', 'template1', 'postgres', pg_catalog.current_database()) order by 1`);
  const [standby] = await names(sql`select pg_catalog.pg_is_in_recovery()::text as name`);
  return {
    server: describe(session.connection),
    standby: standby === 'true',
    compared: 0,
    notCompared: [...uncompared],
    leftOut: [
      ...unlogged.map((name) => `rows of unlogged table ${name}: the server empties it where it recovers from files`),
      ...others.map((name) => `database ${name}`),
    ],
    neutral: [...explainActors(await readActors(session), provider)],
  };
}

/** Reads where a copy within one server comes from. */
export async function readOriginOnServer(admin: Session, source: string): Promise<GoldenOrigin> {
  const connection: Connection = { ...admin.connection, database: source };
  return {
    server: describe(connection),
    standby: false,
    compared: 0,
    notCompared: [...uncompared],
    leftOut: [],
    neutral: [...(await actorsIn(connection))],
  };
}

/** The administrator of the copies may not be let into the source. */
async function actorsIn(connection: Connection): Promise<readonly string[]> {
  try {
    const session = await openSession(connection, { applicationName: 'oneroof golden' });
    try {
      return explainActors(await readActors(session), 'template');
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    return [`what acts by itself was not read: ${error.problems[0].problem}`];
  }
}

/** Who the targets are, as far as they answer and the observer may ask for it. Nothing is written. */
export async function readTargets(targets: readonly Target[]): Promise<readonly SourceIdentity[]> {
  const found: SourceIdentity[] = [];
  for (const { observer } of targets) {
    try {
      const settings = { default_transaction_read_only: 'on' };
      const session = await openSession(observer, { applicationName: 'oneroof golden', settings });
      try {
        found.push((await identifyDatabase(session)).identity);
      } finally {
        await session.close();
      }
    } catch (error) {
      // who does not answer is nobody that a copy could be connected with
      if (!(error instanceof OneRoofError)) throw error;
    }
  }
  return found;
}

/** Who a database is, as its server says; no system identifier where the role may not ask for it. */
export async function identifyDatabase(
  session: Session,
): Promise<{ readonly identity: SourceIdentity; readonly bytes: number }> {
  const [row] = await session.query<{ oid: string; bytes: string; may: string }>(sql`
    select oid::text as oid, pg_catalog.pg_database_size(oid)::text as bytes,
      pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')::text as may
    from pg_catalog.pg_database where datname = pg_catalog.current_database()`);
  const [system] =
    row?.may === 'true'
      ? await session.query<{ system: string; timeline: string }>(sql`
          select s.system_identifier::text as system, c.timeline_id::text as timeline from pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c`)
      : [];
  return {
    identity: {
      database: session.connection.database,
      systemIdentifier: system?.system ?? '',
      timeline: Number(system?.timeline ?? 0),
      databaseOid: row?.oid ?? '',
      serverVersion: session.serverVersion,
    },
    bytes: Number(row?.bytes ?? 0),
  };
}
