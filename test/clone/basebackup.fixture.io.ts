import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type CloneHost, openCloneHost } from '../../src/clone/index.ts';
import {
  basebackupStatements,
  type Connection,
  type Server,
  sql,
  startTemporaryServer,
} from '../../src/database/index.ts';
import { type CloneSetup } from '../../src/setup/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql, versions, withSession } from '../database.io.ts';

export type BackupSetup = Extract<CloneSetup, { provider: 'basebackup' }>;

/** The versions whose pg_basebackup is on this machine: the embedded servers have none. */
export const withBasebackup = versions.filter((version) =>
  existsSync(join(binariesOf(version).folder, 'pg_basebackup')),
);

export interface BackedUp {
  readonly server: Server;
  readonly setup: BackupSetup;
  readonly folder: string;
}

/** A production with two databases and a role for base backups. */
export async function withProduction(
  version: Version,
  use: (of: BackedUp) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const server = await startTemporaryServer({ binaries: binariesOf(version), settings });
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-golden-'));
  chmodSync(folder, 0o755);
  try {
    await runSql(server.connection('postgres'), [
      'create role app',
      'create database shop owner app',
      'create database other',
    ]);
    await runSql(server.connection('shop'), [
      'create table public.pairs (i integer)',
      'create table public.others (i integer)',
      'create table public.filled as select g as i, repeat(md5(g::text), 20) as text from generate_series(1, 20000) g',
      'create unlogged table public.quick (i integer)',
      'insert into public.quick values (1), (2)',
      'create materialized view public.counted as select count(*) from public.filled',
      `select lo_from_bytea(0, '\\x00010203')`,
      `create subscription s connection 'host=/nowhere dbname=x' publication p with (connect = false)`,
      ...basebackupStatements('oneroof_backup'),
    ]);
    await use({ server, folder, setup: backupSetup(server, { folder, version }) });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function backupSetup(server: Server, of: { readonly folder: string; readonly version: Version }): BackupSetup {
  return {
    provider: 'basebackup',
    backup: { ...server.connection('shop'), user: 'oneroof_backup' },
    folder: of.folder,
    bin: binariesOf(of.version).folder,
    checkpoint: 'fast',
    maxRate: null,
    maxDuration: 600_000 as never,
    proof: 'exact',
  };
}

export async function withBackups(setup: BackupSetup, use: (host: CloneHost) => Promise<void>): Promise<void> {
  const host = await openCloneHost(setup);
  try {
    await use(host);
  } finally {
    await host.close();
  }
}

/** Writes pairs in several sessions until `work` has ended: a row in one table is a row in the other. */
export async function whileWritten<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const writing = new AbortController();
  const writers = Array.from({ length: 4 }, (_, at) =>
    withSession(connection, async (session) => {
      for (let n = at; !writing.signal.aborted; n += 4) {
        await session.run('begin');
        await session.run(`insert into public.pairs values (${n})`);
        await session.run(`insert into public.others values (${n})`);
        await session.run(n % 5 === 0 ? 'rollback' : 'commit');
      }
    }),
  );
  try {
    return await work();
  } finally {
    writing.abort();
    await Promise.all(writers);
  }
}

/** Nothing of ours is left on production, and no draft here. */
export async function requireNothingOn(server: Server, folder: string): Promise<void> {
  await withSession(server.connection('postgres'), async (session) => {
    for (let tries = 0; ; tries += 1) {
      const left = await session.query(sql`
        select application_name as name from pg_stat_activity where application_name like 'oneroof%' or backend_type = 'walsender' and usename = 'oneroof_backup'
        union all select slot_name from pg_replication_slots`);
      if (left.length === 0) break;
      if (tries > 50) throw new Error(`left on production: ${JSON.stringify(left)}`);
      await sleep(100);
    }
  });
  expect(readdirSync(folder).filter((name) => name.startsWith('draft'))).toEqual([]);
}
