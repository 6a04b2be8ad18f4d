import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type CloneHost, openCloneHost } from '../../src/clone/index.ts';
import { dumpStatements, type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { type CloneSetup } from '../../src/setup/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql, withSession } from '../database.io.ts';

export type DumpSetup = Extract<CloneSetup, { provider: 'dump' }>;

/** Rows that a copy by text could change. */
const rows = [
  'create schema "Odd Name"',
  `create table "Odd Name"."a ""b""" (id integer generated always as identity primary key, "x y" text, big numeric, at timestamptz, bin bytea, list text[], doc jsonb, f double precision,
    twice integer generated always as (1 + 1) stored, m money, x xml)`,
  `insert into "Odd Name"."a ""b""" ("x y", big, at, bin, list, doc, f, m, x) values (null, null, null, null, null, null, null, null, null),
    ('', 'NaN', '-infinity', '', '{}', '{}', 'NaN', '1', '<a/>'), (e'\\t\\n\\r\\\\ \\\\N \\\\.', 1e40, '2020-01-01 00:00:00.123456+05', '\\x00ff5c6e', array[null, '', '"', 'NULL', '{', e'\\\\'], '{"a": [1, null, "\\u00e9"]}', 1e-310, '1234.56', '<?xml version="1.0"?><a>é</a>')`,
  'create table "Odd Name".parted (k integer, v text) partition by list (k)',
  'create table "Odd Name".one partition of "Odd Name".parted for values in (1)',
  'create table "Odd Name".rest partition of "Odd Name".parted default',
  `insert into "Odd Name".parted select g % 3, 'v' || g from generate_series(1, 1000) g`,
  'create table none ()',
  'insert into none default values',
  'create unlogged table quick (i integer)',
  'insert into quick values (1), (2)',
  'create table secret (i integer)',
  'insert into secret values (1)',
  'alter table secret enable row level security',
  'alter table secret force row level security',
  'create sequence steps increment 5',
  `select setval('steps', 42, false)`,
  `select lo_from_bytea(0, '\\x00010203')`,
  'create table pairs (i integer)',
  'create table others (i integer)',
  'create materialized view counted as select count(*) from pairs',
];

/** A production with the rows above, and what a copy of it needs. */
export async function withSource(
  version: Version,
  use: (of: { server: Server; setup: DumpSetup; folder: string }) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const server = await startTemporaryServer({ binaries: binariesOf(version), settings });
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-golden-'));
  chmodSync(folder, 0o755);
  try {
    await runSql(server.connection('postgres'), ['create role app', 'create database shop owner app']);
    await runSql(server.connection('shop'), [
      `alter role app set work_mem = '5MB'`,
      `alter database shop set search_path = 'app one', public`,
      'revoke connect on database shop from public',
      'grant connect on database shop to app',
      ...rows,
    ]);
    await runSql(server.connection('shop'), dumpStatements('oneroof_dump'));
    const dump = { ...server.connection('shop'), user: 'oneroof_dump' };
    const base = { provider: 'dump', folder, bin: binariesOf(version).folder, jobs: 3, maxRate: null } as const;
    await use({ server, folder, setup: { ...base, dump, maxSnapshotAge: 600_000 as never } });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens the clones of a setup. */
export async function withClones(setup: DumpSetup, use: (host: CloneHost) => Promise<void>): Promise<void> {
  const host = await openCloneHost(setup);
  try {
    await use(host);
  } finally {
    await host.close();
  }
}

/** Nothing of ours is left on production, and no draft here. */
export async function requireNothingLeft({ server, folder }: { server: Server; folder: string }): Promise<void> {
  await withSession(server.connection('postgres'), async (session) => {
    for (let tries = 0; ; tries += 1) {
      const left = await session.query(
        sql`select application_name as name from pg_stat_activity where application_name like 'oneroof%' union all select slot_name from pg_replication_slots`,
      );
      if (left.length === 0) break;
      if (tries > 50) throw new Error(`left on production: ${JSON.stringify(left)}`);
      await sleep(100);
    }
  });
  expect(readdirSync(folder).filter((name) => name.startsWith('draft'))).toEqual([]);
}
