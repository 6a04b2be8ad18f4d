import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { neutralise } from '../../../src/clone/exec/neutral-clone.io.ts';
import { checkCandidate, findBlindTargets } from '../../../src/clone/exec/production-guard.io.ts';
import { levelOf } from '../../../src/clone/level.ts';
import { copyDataDirectory, copyOne } from '../../../src/clone/providers/copy.io.ts';
import { giveConfiguration, giveFile } from '../../../src/clone/providers/generation.io.ts';
import { type Connection, type Server, sql, startServer, startTemporaryServer } from '../../../src/database/index.ts';
import { type Target } from '../../../src/setup/index.ts';
import { binariesOf } from '../../binaries.io.ts';
import { newest, runSql, withDatabase, withSession } from '../../database.io.ts';

const targetOf = (observer: Connection, more: Partial<Target> = {}): Target => ({
  name: 'production',
  observer,
  executor: null,
  relay: null,
  admin: null,
  ...more,
});

/** Copies the files of a server that runs, with the WAL that it needs. */
async function copyFiles(server: Server, folder: string, configuration: string): Promise<string> {
  const { runAs } = server.binaries;
  // the server does not run as root
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  await withSession(server.connection('postgres'), async (session) => {
    await session.query(sql`select pg_backup_start('test', true)`);
    await copyDataDirectory({ from: server.data, to: data, runAs });
    const [stopped] = await session.query<{ label: string }>(sql`select labelfile as label from pg_backup_stop(false)`);
    for (const name of readdirSync(join(server.data, 'pg_wal')).filter((file) => /^[0-9A-F]{24}$/.test(file)))
      await copyOne({ from: server.data, to: data, path: `pg_wal/${name}`, runAs });
    await giveFile(join(data, 'backup_label'), { text: stopped?.label ?? '', runAs });
  });
  await giveConfiguration(data, { configuration, runAs });
  return data;
}

/** Production, a folder, and what ends with them. */
async function withProduction(use: (given: { server: Server; folder: string }) => Promise<void>): Promise<void> {
  const server = await startTemporaryServer({ binaries: binariesOf('18') });
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-copy-'));
  try {
    await use({ server, folder });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the server of a data directory. */
async function withServer(data: string, use: (connection: Connection) => Promise<void>): Promise<void> {
  const server = await startServer({ binaries: binariesOf('18'), data, network: 'none' });
  try {
    await use(server.connection('postgres'));
  } finally {
    await server.stop();
  }
}

describe('the check of what a program answered with', () => {
  it('lets a copy of the files of production pass, which has its numbers, and refuses production in the same breath', () =>
    withProduction(async ({ server, folder }) =>
      withServer(await copyFiles(server, folder, ''), async (copy) => {
        const production = server.connection('postgres');
        const targets = [targetOf({ ...production, host: `${production.host}/.` })];
        const checked = await checkCandidate(copy, { targets, clones: [] });
        const identities = checked.targets.map(({ identity }) => identity);
        expect(checked.identity.systemIdentifier).toBe(identities[0]?.systemIdentifier);
        expect(levelOf(checked.identity, identities)).toBe('lineage');
        await expect(checkCandidate(production, { targets, clones: [] })).rejects.toMatchObject({
          code: 'CLONE_IS_PRODUCTION',
        });
      }),
    ));

  it.each(newest)('PostgreSQL %s: sees the session of a role without any right, by one without any', async (version) =>
    withDatabase(version, async (connection) => {
      await runSql(connection, ['drop role if exists weak_look', 'create role weak_look login']);
      try {
        const weak = { ...connection, user: 'weak_look' };
        await expect(
          checkCandidate({ ...weak, host: `${weak.host}/.` }, { targets: [targetOf(weak)], clones: [] }),
        ).rejects.toMatchObject({ code: 'CLONE_IS_PRODUCTION' });
        await findBlindTargets([targetOf(weak)]);
      } finally {
        await runSql(connection, ['drop role weak_look']);
      }
    }),
  );

  it('refuses an address of any role of a target before it connects', async () => {
    const nowhere = { host: 'h.invalid', port: 1, user: 'u', database: 'd' };
    for (const key of ['observer', 'executor', 'relay', 'admin'] as const)
      await expect(
        checkCandidate(
          { ...nowhere, host: 'H.INVALID', user: 'other', database: 'other' },
          { targets: [targetOf({ ...nowhere, port: 2 }, { [key]: nowhere })], clones: [] },
        ),
      ).rejects.toMatchObject({ code: 'CLONE_IS_PRODUCTION' });
  });

  it('refuses what has the numbers of a standby, unless an address of its primary is known', () =>
    withProduction(async ({ server, folder }) => {
      const candidate = server.connection('postgres');
      const data = await copyFiles(server, folder, `primary_conninfo = 'host=${candidate.host} user=postgres'\n`);
      await giveFile(join(data, 'standby.signal'), { text: '', runAs: server.binaries.runAs });
      await withServer(data, async (observer) => {
        const refused = (target: Target): Promise<unknown> =>
          checkCandidate(candidate, { targets: [target], clones: [] }).catch((error: unknown) => error);
        expect(await refused(targetOf(observer))).toMatchObject({ code: 'CLONE_NOT_VERIFIED' });
        const elsewhere = { ...candidate, host: `${candidate.host}/.` };
        expect(await refused(targetOf(observer, { relay: elsewhere }))).toMatchObject({ code: 'CLONE_IS_PRODUCTION' });
        // a server of its own has other numbers
        await withProduction(async ({ server: other }) => {
          const clones: readonly Connection[] = [];
          const checked = await checkCandidate(other.connection('postgres'), { targets: [targetOf(observer)], clones });
          expect(checked.targets).toHaveLength(1);
        });
      });
    }));
});

describe('a clone that could act by itself', () => {
  it.each(newest)('PostgreSQL %s: loses its subscriptions and prepared transactions', async (version) =>
    withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create table public.t (i integer)',
        `create subscription oneroof_test_s connection 'host=/nowhere' publication p with (connect = false)`,
        'begin',
        'insert into public.t values (1)',
        `prepare transaction 'oneroof test'`,
      ]);
      await neutralise(connection);
      await withSession(connection, async (session) => {
        // pg_subscription is shared by all databases of the server
        expect(
          await session.query(sql`
            select subname from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())`),
        ).toEqual([]);
        expect(await session.query(sql`select gid from pg_prepared_xacts where database = current_database()`)).toEqual(
          [],
        );
      });
      // a second time there is nothing to do
      await neutralise(connection);
    }),
  );

  it.each(newest)('PostgreSQL %s: is refused where its role may not take them away', async (version) =>
    withDatabase(version, async (connection) => {
      await runSql(connection, [
        'drop role if exists weak_clone',
        'create role weak_clone login',
        `create subscription oneroof_test_w connection 'host=/nowhere' publication p with (connect = false)`,
      ]);
      try {
        await expect(neutralise({ ...connection, user: 'weak_clone' })).rejects.toMatchObject({
          code: 'CLONE_NOT_NEUTRAL',
          message: expect.stringContaining('oneroof_test_w'),
        });
      } finally {
        await neutralise(connection);
        await runSql(connection, ['drop role weak_clone']);
      }
    }),
  );

  it.each(newest)(
    'PostgreSQL %s: has the jobs of pg_cron switched off, in the database that they run in',
    async (version) =>
      withDatabase(version, async (connection) => {
        // the extension itself is not needed: its table and its setting tell
        await runSql(connection, [
          'create schema cron',
          'create table cron.job (jobid integer, active boolean)',
          'insert into cron.job values (1, true), (2, false)',
        ]);
        const active = (): Promise<unknown> =>
          withSession(connection, (session) => session.query(sql`select jobid::text as id from cron.job where active`));
        await neutralise(connection);
        expect(await active()).toEqual([{ id: '1' }]);
        await runSql(connection, [
          `alter database "${connection.database}" set cron.database_name = '${connection.database}'`,
        ]);
        await neutralise(connection);
        expect(await active()).toEqual([]);
      }),
  );
});
