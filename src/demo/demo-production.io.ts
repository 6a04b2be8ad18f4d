import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Binaries,
  type Connection,
  id,
  observerStatements,
  openSession,
  type Session,
  sql,
  startTemporaryServer,
} from '../database/index.ts';
import { applyGate, planInstall, type Prepared } from '../gate/index.ts';
import { type Policy, type Registry } from '../people/index.ts';
import { loadParser } from '../release/index.ts';

/** The worked example's production, running: the connections that a team would configure. */
export interface DemoProduction {
  /** A role that can only read. */
  readonly observer: Connection;
  /** A role that may take a base backup. */
  readonly backup: Connection;
  /** The role that the application connects as, which owns its tables. */
  readonly application: Connection;
  /** Runs what people have ratified; there once the gate is installed, as is the next. */
  readonly executor: Connection;
  /** Hands in signatures. */
  readonly relay: Connection;
  /** The superuser: it installs the gate, and nothing else of One Roof connects with it. */
  readonly admin: Connection;
  stop(): Promise<void>;
}

/** The folder of the worked example, as it was installed. */
export function exampleFolder(): string {
  return join(import.meta.dirname, '..', '..', 'examples', 'one-roof');
}

/**
 * Starts a server with the worked example's production: roles, the Directus-shaped database at greenfield, and two sessions
 * that stay open, as Directus keeps them.
 *
 * Errors  SERVER_NO_BINARIES, SERVER_START.
 */
export async function startProduction(plan: { readonly binaries: Binaries }): Promise<DemoProduction> {
  const server = await startTemporaryServer({ binaries: plan.binaries, settings: { wal_level: 'replica' } });
  const live: Session[] = [];
  try {
    const postgres = server.connection('postgres');
    await withSession(postgres, async (session) => {
      await session.query(sql`create role directus login`);
      await session.query(sql`create role oneroof_backup login`);
      await session.query(sql`create database ${id('directus')} owner directus`);
    });
    const admin = server.connection('directus');
    await loadExample({ ...admin, user: 'directus' });
    await withSession(admin, async (session) => {
      await session.query(sql`grant pg_read_all_settings to oneroof_backup`);
      const [start, stop] =
        plan.binaries.major >= 15
          ? ['pg_backup_start(text, boolean)', 'pg_backup_stop(boolean)']
          : ['pg_start_backup(text, boolean, boolean)', 'pg_stop_backup(boolean, boolean)'];
      await session.run(`grant execute on function pg_catalog.${start}, pg_catalog.${stop} to oneroof_backup`);
      await session.query(sql`create role oneroof_observer login`);
      for (const statement of observerStatements('oneroof_observer', ['public'])) await session.run(statement);
    });
    for (const _ of [1, 2])
      live.push(await openSession({ ...admin, user: 'directus' }, { applicationName: 'directus' }));
    return {
      observer: { ...admin, user: 'oneroof_observer' },
      backup: { ...admin, user: 'oneroof_backup' },
      application: { ...admin, user: 'directus' },
      executor: { ...admin, user: 'oneroof_executor' },
      relay: { ...admin, user: 'oneroof_relay' },
      admin,
      stop: async () => {
        await Promise.all(live.map((session) => session.close()));
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * Installs the gate in the example's production, as a DBA would: what ratified steps run as is the application's owner.
 *
 * Errors  those of planInstall and applyGate.
 */
export async function installGate(
  production: DemoProduction,
  documents: { readonly policy: Policy; readonly registry: Registry },
): Promise<Prepared> {
  const session = await openSession(production.admin, { applicationName: 'oneroof install' });
  try {
    const wish = { uri: 'production', appOwner: production.application.user, ...documents };
    const prepared = await planInstall(session, wish);
    await applyGate(session, prepared);
    return prepared;
  } finally {
    await session.close();
  }
}

/** Fills an empty database with the worked example's production, as the role of the connection. */
export async function loadExample(connection: Connection): Promise<void> {
  const folder = join(exampleFolder(), 'production');
  const parser = await loadParser();
  await withSession(connection, async (session) => {
    for (const file of readdirSync(folder).toSorted()) {
      const { statements } = parser.parse(file, readFileSync(join(folder, file), 'utf8'));
      for (const { step } of statements) await session.run(step.sql);
    }
    await session.run('analyze');
  });
}

async function withSession(connection: Connection, use: (session: Session) => Promise<void>): Promise<void> {
  const session = await openSession(connection, {
    applicationName: 'oneroof demo',
    settings: { search_path: 'public' },
  });
  try {
    await use(session);
  } finally {
    await session.close();
  }
}
