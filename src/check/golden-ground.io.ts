import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { carryOver, type GoldenServer, measuredLevel } from '../clone/index.ts';
import { elapsed, type Instant, OneRoofError, stated } from '../core/index.ts';
import { fixed, id, openSession, type Session, sql } from '../database/index.ts';
import { type PendingIn } from '../import/index.ts';
import { type GoldenBase } from './chain.io.ts';
import { type CheckResult } from './check-result.ts';
import { disarmDatabase, disarmServer, giveOwner } from './disarm.io.ts';
import { reader, type Sandbox, sandboxOn, superuser } from './sandbox.io.ts';

/** A copy of a golden copy's server, prepared for SQL that no one has read. */
export interface GoldenGround extends GoldenBase {
  readonly sandbox: Sandbox;
  readonly runsOn: CheckResult['server'];
  readonly told: NonNullable<CheckResult['golden']>;
  readonly pending: PendingIn;
}

/**
 * Prepares a copy of a golden copy's server: no role that foreign SQL can be has more rights than an owner without superuser, and no one can log in as the
 * superuser any more. Migrations run as the owner of their tool's history, or where there is none as the owner of the database.
 *
 * Errors  those of `history`; CHECK_GOLDEN_UNFIT.
 * Source  docs/decisions/0069-against-production.md.
 */
export async function openGoldenGround(
  { server, golden, stop }: GoldenServer,
  of: {
    /** The target, for people. */
    readonly target: string;
    readonly at: Instant;
    /** Reads what is pending in the golden copy. */
    readonly history: (session: Pick<Session, 'query'>) => Promise<PendingIn>;
  },
): Promise<GoldenGround> {
  const base = golden.database;
  const as = { applicationName: 'oneroof check' };
  await prepareRoles(await openSession(server.connection('template1'), as), base, server.binaries.major);
  const admin = await openSession({ ...server.connection('template1'), user: superuser }, as);
  try {
    const looking = await openSession(
      { ...server.connection(base), user: reader },
      { ...as, settings: { default_transaction_read_only: 'on' } },
    );
    const { pending, rows } = await (async () => ({
      pending: await of.history(looking),
      rows: await countRows(looking),
    }))().finally(() => looking.close());
    const owner = await giveOwner(admin, { base, wanted: pending.history?.owner ?? null });
    await disarmServer(admin);
    await disarmDatabase({ ...server.connection(base), user: superuser }, owner);
    await lockOut(admin, server.data);
    const [row] = await admin.query<{ version: string }>(
      sql`select pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) as version`,
    );
    return {
      database: base,
      rows,
      pending,
      runsOn: { version: row?.version ?? '', network: server.network, role: 'owner' },
      told: {
        of: of.target,
        takenAt: golden.takenAt,
        ageMs: elapsed({ from: golden.takenAt, to: of.at }),
        level: measuredLevel(golden),
        masked: (golden.masks?.columns ?? []).map(({ column }) => column),
        role: owner.name,
      },
      sandbox: sandboxOn({
        server,
        admin,
        owner: owner.name,
        databaseOwner: owner.databaseOwner,
        toolSettings: { search_path: owner.searchPath, statement_timeout: '1h' },
        copied: async (from, to) => void (await carryOver(admin, { golden: from, clone: to })),
        stop: async () => {
          await admin.close();
          await stop();
        },
      }),
    };
  } catch (error) {
    await admin.close();
    throw error;
  }
}

/** The tables that have rows, and how many rows these have. */
async function countRows(session: Session): Promise<CheckResult['rows']> {
  const tables = await session.query<{ name: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and pg_catalog.pg_relation_size(c.oid) > 0`);
  const counts: number[] = [];
  for (const { name } of tables) {
    const [row] = await session.query<{ rows: string }>(sql`select count(*)::text as rows from only ${fixed(name)}`);
    counts.push(Number(row?.rows));
  }
  return {
    tables: counts.filter((rows) => rows > 0).length,
    rows: counts.reduce((sum, rows) => sum + rows, 0),
    empty: [],
  };
}

/** Makes our own superuser, and the role that reads everything and writes nothing. Triggers on events of production are none of theirs. */
async function prepareRoles(session: Session, base: string, major: number): Promise<void> {
  try {
    await session.query(sql`create role ${id(superuser)} login superuser`);
    await session.query(sql`create role ${id(reader)} login bypassrls in role pg_read_all_data`);
    for (const role of [superuser, reader]) {
      if (major >= 17) await session.query(sql`alter role ${id(role)} set event_triggers = off`);
      await session.query(sql`grant connect on database ${id(base)} to ${id(role)}`);
    }
    await session.query(sql`alter role ${id(superuser)} set session_replication_role = replica`);
    await session.query(
      sql`alter database ${id(base)} with is_template false allow_connections true connection limit -1`,
    );
  } finally {
    await session.close();
  }
}

/** The server takes a moment to read its file again. Milliseconds. */
const patience = 10_000;

/**
 * From here on no one can log in as a superuser, not even from inside of the server: an extension of production, such as dblink, may let its users
 * connect to the socket. The session that is open stays.
 */
async function lockOut(admin: Session, data: string): Promise<void> {
  const supers = await admin.query<{ name: string }>(
    sql`select rolname as name from pg_catalog.pg_roles where rolsuper`,
  );
  const lines = supers.map(({ name }) => `local all "${name.replaceAll('"', '""')}" reject\n`);
  writeFileSync(join(data, 'pg_hba.conf'), `${lines.join('')}local all all trust\n`);
  await admin.query(sql`select pg_catalog.pg_reload_conf()`);
  for (const began = performance.now(); performance.now() - began < patience; await sleep(20)) {
    const another = await openSession(admin.connection, { applicationName: 'oneroof check' }).catch(() => null);
    if (another === null) return;
    await another.close();
  }
  throw new OneRoofError('CHECK_GOLDEN_UNFIT', {
    ...stated`a check cannot run on the golden copy: its server did not read pg_hba.conf again`,
    fix: 'run the same command again',
  });
}
