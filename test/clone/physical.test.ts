import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type DatabaseName, openCloneHost, openKept } from '../../src/clone/index.ts';
import { instant, now } from '../../src/core/index.ts';
import { openSession, type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { type CloneSetup } from '../../src/setup/index.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { binariesOf, type Version } from '../binaries.io.ts';

async function withSource(version: Version, use: (server: Server, setup: CloneSetup) => Promise<void>): Promise<void> {
  const settings = { archive_mode: 'on', archive_command: '/bin/true', wal_level: 'logical' };
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
      `alter database shop set search_path = 'app one', public`,
      `alter database shop set work_mem = '7MB'`,
      'revoke connect on database shop from public',
      'grant connect on database shop to app',
      'create table t (i int)',
      'insert into t select generate_series(1, 1000)',
      `create subscription s connection 'host=/nowhere dbname=x' publication p with (connect = false)`,
    ]);
    await use(server, {
      provider: 'physical',
      backup: server.connection('shop'),
      dataDirectory: null,
      folder,
      bin: binariesOf(version).folder,
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each(newest)(
  'PostgreSQL %s: golden of a live, written source holds what was committed, and clones are its equals',
  async (version) => {
    await withSource(version, async (source, setup) => {
      const open = await openSession(source.connection('shop'), {
        applicationName: 'test',
        settings: { search_path: 'public' },
      });
      await open.run('begin');
      await open.run('insert into t values (-1)');
      const host = await openCloneHost(setup);
      try {
        await expect(host.makeClone({ purpose: 'p', owner: 'o', hours: 1 })).rejects.toMatchObject({
          code: 'CLONE_NO_GOLDEN',
        });
        const writing = new AbortController();
        const writer = (async () => {
          while (!writing.signal.aborted) await runSql(source.connection('shop'), ['insert into t values (0)']);
        })();
        const golden = await host.makeGolden({});
        writing.abort();
        await writer;
        expect(golden).toMatchObject({ generation: 1, database: 'oneroof_shop_g1' });
        const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        await withSession(clone.connection, async (session) => {
          const [row] = await session.query<Record<string, string>>(sql`
          select (select count(*)::text from public.t where i > 0) as committed, (select count(*)::text from public.t where i < 0) as open,
                 current_setting('archive_mode') as archive, (select count(*)::text from pg_subscription) as subscriptions,
                 (select count(*)::text from pg_database where datname = 'other') as others,
                 (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) as owner,
                 (select setconfig::text from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
                  where datname = current_database()) as settings,
                 (select datacl::text = (select datacl::text from pg_database where datname = 'oneroof_shop_g1') from pg_database
                  where datname = current_database())::text as acl`);
          const [same] = await session.query<Record<string, string>>(sql`
          select setconfig::text as settings from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
          where datname = 'oneroof_shop_g1'`);
          expect(row).toMatchObject({
            committed: '1000',
            open: '0',
            archive: 'off',
            subscriptions: '0',
            others: '0',
            owner: 'app',
            acl: 'true',
          });
          expect(row?.['settings']).toBe(same?.['settings']);
        });
        await withSession(source.connection('postgres'), async (session) => {
          const [row] = await session.query(
            sql`select count(*)::text as n from pg_stat_activity where application_name like 'oneroof%'`,
          );
          expect(row).toEqual({ n: '0' });
        });
        // another one joins the server; as long as it makes no clone, what the server counts is ours
        const other = await openCloneHost(setup);
        expect(await other.list()).toMatchObject([{ database: clone.lease.database }]);
        expect(clone.server).toBe('private');
        appendFileSync(join(clone.connection.host, 'workers'), '1\n');
        expect(clone.server).toBe('shared');
        await other.close();
        const second = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        await runSql(second.connection, ['drop table public.t']);
        await runSql(clone.connection, ['select * from public.t']);
        await host.drop(second.lease.database);
        await expect(host.drop(second.lease.database)).rejects.toMatchObject({ code: 'CLONE_GONE' });
        await expect(host.drop('postgres' as DatabaseName)).rejects.toMatchObject({ code: 'CLONE_NOT_OURS' });
        expect(await host.collectGarbage(now())).toEqual([]);
        await host.keep(clone.lease.database, 2);
        expect(await host.list()).toMatchObject([{ kept: true }]);
        expect(await host.collectGarbage(instant(new Date(Date.now() + 3 * 3_600_000)))).toEqual([
          clone.lease.database,
        ]);
      } finally {
        await open.close();
        await host.close();
      }
    });
  },
);

test('an aborted golden leaves nothing, and the next one works', async () => {
  await withSource('18', async (_source, setup) => {
    if (setup.provider !== 'physical') return;
    const host = await openCloneHost(setup);
    try {
      const stop = new AbortController();
      const onProgress = (): void => stop.abort();
      await expect(host.makeGolden({ signal: stop.signal, onProgress })).rejects.toMatchObject({ code: 'INTERRUPTED' });
      expect(readdirSync(setup.folder)).toEqual([]);
      await host.makeGolden({});
      expect((await host.makeGolden({})).generation).toBe(2);
      expect(existsSync(join(setup.folder, 'generation-1'))).toBe(false);
    } finally {
      await host.close();
    }
  });
});

test('a source that cannot be copied is refused with its reason, and a full disk leaves nothing', async () => {
  await withSource('18', async (source, setup) => {
    if (setup.provider !== 'physical') return;
    const codeOf = async (change: Partial<typeof setup>): Promise<string> => {
      const host = await openCloneHost({ ...setup, ...change });
      const ended = host.makeGolden({}).then(
        () => 'none',
        (error: { code: string }) => error.code,
      );
      return ended.finally(() => host.close());
    };
    expect(await codeOf({ dataDirectory: '/nowhere' })).toBe('CLONE_SOURCE_NOT_LOCAL');
    await runSql(source.connection('postgres'), ['create role nobody_special login']);
    await runSql(source.connection('postgres'), ['grant connect on database shop to nobody_special']);
    const weak = { ...setup.backup, user: 'nobody_special' };
    expect(await codeOf({ backup: weak, dataDirectory: source.data })).toBe('CLONE_BACKUP_DENIED');
    expect(readdirSync(setup.folder)).toEqual([]);
    if (process.getuid?.() === 0) {
      const closed = mkdtempSync(join(tmpdir(), 'oneroof-closed-'));
      expect(await codeOf({ folder: closed })).toBe('CLONE_FOLDER_UNREACHABLE');
      rmSync(closed, { recursive: true });
      const small = join(setup.folder, 'small');
      mkdirSync(small);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=10m,mode=755', 'tmpfs', small]);
      try {
        expect(await codeOf({ folder: small })).toBe('CLONE_NO_SPACE');
        expect(readdirSync(small)).toEqual([]);
      } finally {
        execFileSync('umount', [small]);
      }
    }
    await runSql(source.connection('postgres'), [
      'set allow_in_place_tablespaces = on',
      "create tablespace elsewhere location ''",
    ]);
    expect(await codeOf({})).toBe('CLONE_TABLESPACES');
  });
});

test('a golden whose process is killed leaves a draft that the next one removes, and a clone can be opened later', async () => {
  await withSource('18', async (_source, setup) => {
    if (setup.provider !== 'physical') return;
    const module = new URL('../../src/clone/index.ts', import.meta.url).href;
    const killing = `import { openCloneHost } from '${module}';
      const host = await openCloneHost(${JSON.stringify(setup)});
      await host.makeGolden({ onProgress: () => process.kill(process.pid, 'SIGKILL') });`;
    const ended = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', killing]);
    expect(ended.signal).toBe('SIGKILL');
    expect(readdirSync(setup.folder).sort()).toMatchObject([
      expect.stringMatching(/^draft-/),
      expect.stringMatching(/^taking-/),
    ]);
    const host = await openCloneHost(setup);
    await host.makeGolden({});
    const { lease } = await host.makeClone({ purpose: 'p', owner: 'o', hours: 1 });
    await host.close();
    expect(readdirSync(setup.folder)).toEqual(['generation-1']);
    const kept = await openKept(setup, lease.database);
    await runSql(kept.connection, ['select * from public.t']);
    await kept.close();
    await expect(openKept(setup, 'oneroof_none' as DatabaseName)).rejects.toMatchObject({ code: 'CLONE_GONE' });
  });
});
