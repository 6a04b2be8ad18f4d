import { setTimeout as sleep } from 'node:timers/promises';
import { OneRoofError } from '../core/index.ts';
import {
  type Connection,
  findBinaries,
  id,
  openSession,
  type Server,
  type Session,
  sqlStateOf,
  sql,
  startTemporaryServer,
} from '../database/index.ts';

/** As whom migrations run. */
export type SandboxRole = 'owner' | 'superuser';

/** A private server for SQL that no one has read. */
export interface Sandbox {
  /** Connects as the role that the migrations run as. */
  owner(database: string): Connection;
  /** Connects as the role that reads everything and writes nothing. */
  reader(database: string): Connection;
  /** Makes a database: a copy of another one, or an empty one. */
  make(database: string, of: { readonly copyOf: string } | 'empty'): Promise<void>;
  drop(database: string): Promise<void>;
  /** What the session of a tool has, where the server's defaults are other ones than ours. */
  readonly toolSettings: Readonly<Record<string, string>>;
  /** Makes a role for migrations that name it; false where the server refuses that. */
  makeRole(name: string): Promise<boolean>;
  /** The roles of the server, to be restored by `restoreRoles`: they belong to all of its databases. */
  roles(): Promise<ReadonlyMap<string, string>>;
  restoreRoles(as: ReadonlyMap<string, string>): Promise<void>;
  /** Ends the server at once, and with it what runs. */
  abandon(): Promise<void>;
  stop(): Promise<void>;
}

/** Migrations name the role `postgres` as the owner of a database, so it is that; the superuser has a name of ours. */
export const superuser = 'oneroof_admin';
const owner = 'postgres';
export const reader = 'oneroof_reader';

/**
 * Starts a private server without a network. Migrations run as a role that owns the database and is no superuser; before 16 it cannot make
 * roles, because CREATEROLE could grant itself `pg_execute_server_program` there. No superuser ever reads a database in which foreign SQL ran:
 * to plan a query is enough to run a function that an index of the table names. A role that cannot write reads them.
 *
 * Errors  SERVER_NO_BINARIES, SERVER_START.
 * Source  PostgreSQL manual, "Role Attributes", "Predefined Roles"; docs/decisions/0066-check.md.
 */
export async function openSandbox(plan: { readonly major: number; readonly as: SandboxRole }): Promise<Sandbox> {
  const { major, as } = plan;
  const server = await startTemporaryServer({
    binaries: findBinaries(major),
    network: 'none',
    superuser,
    small: true,
    settings: {
      // of the log that no one will read no more than this is kept
      max_wal_size: '64MB',
      min_wal_size: '32MB',
      jit: 'off',
      autovacuum: 'off',
      full_page_writes: 'off',
      max_connections: '40',
      // who makes a role may act as it, as the superuser of most projects may
      ...(major >= 16 ? { createrole_self_grant: 'set, inherit' } : {}),
    },
  });
  let admin: Session | null = null;
  try {
    admin = await openSession(server.connection('postgres'), { applicationName: 'oneroof check' });
    await prepare(admin, { major, as });
    const session = admin;
    return sandboxOn({
      server,
      admin,
      owner,
      toolSettings: { search_path: '"$user", public', statement_timeout: '5min' },
      copied: async () => undefined,
      stop: async () => {
        await session.close();
        await server.stop();
      },
    });
  } catch (error) {
    await admin?.close();
    await server.stop();
    throw error;
  }
}

/** A sandbox on a server that was prepared for it. */
export function sandboxOn(of: {
  readonly server: Server;
  /** A session of the superuser, in a database in which no foreign SQL runs. */
  readonly admin: Session;
  /** As whom migrations run. */
  readonly owner: string;
  /** Who owns the databases, where that is another role. */
  readonly databaseOwner?: string;
  readonly toolSettings: Sandbox['toolSettings'];
  /** After a database was copied: does what the server does not copy along. */
  readonly copied: (from: string, to: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}): Sandbox {
  const { server, admin, owner: owns, databaseOwner = owns, toolSettings, copied, stop } = of;
  const { major } = server.binaries;
  const connect =
    (user: string) =>
    (database: string): Connection => ({ ...server.connection(database), user });
  return {
    owner: connect(owns),
    reader: connect(reader),
    toolSettings,
    // copied as files: a third of the processor time of what the server logs otherwise
    make: async (database, from) => {
      const template = from === 'empty' ? blank : from.copyOf;
      await settled(admin, template);
      const strategy = major >= 15 ? sql`strategy file_copy` : sql``;
      await admin.query(
        sql`create database ${id(database)} template ${id(template)} owner ${id(databaseOwner)} ${strategy}`,
      );
      await copied(template, database);
    },
    drop: async (database) => {
      await admin.query(sql`drop database if exists ${id(database)} with (force)`);
    },
    makeRole: (name) => makeRole(admin, { name, major, owns }),
    roles: () => rolesOf(admin),
    restoreRoles: async (were) => {
      await renameBack(admin, were);
      const are = await rolesOf(admin);
      for (const [oid, name] of are) if (!were.has(oid)) await dropRole(admin, name);
      for (const [oid, name] of were) if (!are.has(oid)) await makeRole(admin, { name, major, owns });
    },
    abandon: () => server.abandon(),
    stop,
  };
}

/** Waits until closed sessions have left a database: the server, which finds one there, asks again only after a tenth of a second. */
async function settled(session: Session, database: string): Promise<void> {
  for (const began = performance.now(); performance.now() - began < 1000; await sleep(2)) {
    const [found] = await session.query<{ others: string }>(
      sql`select count(*)::text as others from pg_stat_activity where datname = ${database}`,
    );
    if (found?.others === '0') return;
  }
}

/** The database that others are made of. Before 15 its schema `public` belongs to the superuser, and to the owner of the database since. */
const blank = 'oneroof_blank';

async function prepare(
  session: Session,
  { major, as }: { readonly major: number; readonly as: SandboxRole },
): Promise<void> {
  const rights = as === 'superuser' ? sql`superuser createrole createdb` : major >= 16 ? sql`createrole` : sql``;
  await session.query(sql`create role ${id(owner)} login ${rights}`);
  await session.query(sql`create role ${id(reader)} login bypassrls in role pg_read_all_data`);
  await session.query(sql`create database ${id(blank)} template template0`);
  if (major >= 15) return;
  const within = await openSession({ ...session.connection, database: blank }, { applicationName: 'oneroof check' });
  try {
    await within.query(sql`alter schema public owner to ${id(owner)}`);
  } finally {
    await within.close();
  }
}

/** The roles that were made, by OID: a name may be another role's by now. */
async function rolesOf(session: Session): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ oid: string; rolname: string }>(
    sql`select oid::text as oid, rolname from pg_roles where oid >= 16384`,
  );
  return new Map(rows.map(({ oid, rolname }) => [oid, rolname]));
}

/** Two that have changed names need a third one in between; a new role that has the name of an old one gives way, too. */
async function renameBack(session: Session, were: ReadonlyMap<string, string>): Promise<void> {
  const are = await rolesOf(session);
  const renamed = [...were].filter(([oid, name]) => are.has(oid) && are.get(oid) !== name);
  const wanted = new Set(renamed.map(([, name]) => name));
  const inTheWay = [...are].filter(([oid, name]) => !were.has(oid) && wanted.has(name));
  for (const [oid, name] of [...renamed.map(([oid]) => [oid, are.get(oid) ?? ''] as const), ...inTheWay])
    await session.query(sql`alter role ${id(name)} rename to ${id(`oneroof_passing_${oid}`)}`);
  for (const [oid, name] of renamed)
    await session.query(sql`alter role ${id(`oneroof_passing_${oid}`)} rename to ${id(name)}`);
}

async function makeRole(
  session: Session,
  { name, major, owns }: { readonly name: string; readonly major: number; readonly owns: string },
): Promise<boolean> {
  try {
    await session.query(sql`create role ${id(name)} nologin`);
    // before 16 the right to grant it further cannot be given without all of CREATEROLE
    await session.query(
      major >= 16
        ? sql`grant ${id(name)} to ${id(owns)} with admin true, inherit true, set true`
        : sql`grant ${id(name)} to ${id(owns)}`,
    );
    return true;
  } catch (error) {
    // a reserved name, such as pg_…
    if (['42939', '42710', '42602'].includes(sqlStateOf(error))) return false;
    if (error instanceof OneRoofError && error.code === 'INTERNAL') return false;
    throw error;
  }
}

async function dropRole(session: Session, name: string): Promise<void> {
  try {
    await session.query(sql`drop role ${id(name)}`);
  } catch (error) {
    // another database of this server refers to it: it stays, and the next CREATE ROLE says that it exists
    if (sqlStateOf(error) !== '2BP01') throw error;
  }
}
