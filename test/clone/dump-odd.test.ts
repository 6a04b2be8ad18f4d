import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { copyDataDirectory, copyOne } from '../../src/clone/providers/copy.io.ts';
import { giveConfiguration, giveFile } from '../../src/clone/providers/generation.io.ts';
import { type Server, sql, startServer } from '../../src/database/index.ts';
import { isLong } from '../counts.ts';
import { newest, runSql, withSession } from '../database.io.ts';
import { requireNothingLeft, withClones, withSource } from './dump-source.io.ts';

test.each(newest)(
  'PostgreSQL %s: rows that violate a constraint of production are named, and are never golden',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      await runSql(source.server.connection('shop'), [
        'create table public.parents (id integer primary key)',
        'create table public.children (id integer references public.parents)',
        'set session_replication_role = replica',
        'insert into public.children values (1)',
      ]);
      await withClones(source.setup, async (host) => {
        await expect(host.makeGolden({})).rejects.toMatchObject({
          code: 'CLONE_DUMP_FAILED',
          problems: [{ problem: expect.stringMatching(/rows of production violate.*children_id_fkey/) }],
        });
        expect(await host.golden()).toBeNull();
        // the fix that the error names
        await runSql(source.server.connection('shop'), [
          'alter table public.children drop constraint children_id_fkey',
          'alter table public.children add foreign key (id) references public.parents not valid',
        ]);
        expect(await host.makeGolden({})).toMatchObject({ proofLevel: 'exact' });
      });
      await requireNothingLeft(source);
    });
  },
);

// only root can mount a small disk
test.skipIf(process.getuid?.() !== 0).each(newest)(
  'PostgreSQL %s: a disk that is full here ends the copy, and leaves nothing on either side',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const small = join(source.folder, 'small');
      mkdirSync(small);
      // an empty cluster takes some 40 MB, and this table as much again
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=90m,mode=755', 'tmpfs', small]);
      try {
        await runSql(source.server.connection('shop'), [
          `create table public.large as select repeat(md5(g::text), 100) as v from generate_series(1, 60000) g`,
          'alter table public.large alter column v set storage external',
          `update public.large set v = v || ''`,
        ]);
        await withClones({ ...source.setup, folder: small }, async (host) => {
          await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_NO_SPACE' });
          expect(await host.golden()).toBeNull();
        });
        expect(readdirSync(small)).toEqual([]);
        await requireNothingLeft(source);
      } finally {
        execFileSync('umount', [small]);
      }
    });
  },
);

/** Runs a standby of a server, which has replayed all that was written before. */
async function withStandby(server: Server, use: (standby: Server) => Promise<void>): Promise<void> {
  const { runAs, major } = server.binaries;
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-standby-'));
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  try {
    await withSession(server.connection('postgres'), async (session) => {
      await session.query(sql`checkpoint`);
      await session.query(
        major >= 15 ? sql`select pg_backup_start('test', true)` : sql`select pg_start_backup('test', true, false)`,
      );
      await copyDataDirectory({ from: server.data, to: data, runAs });
      const [stopped] = await session.query<{ label: string }>(
        major >= 15
          ? sql`select labelfile as label from pg_backup_stop(false)`
          : sql`select labelfile as label from pg_stop_backup(false, false)`,
      );
      for (const name of readdirSync(join(server.data, 'pg_wal')).filter((file) => /^[0-9A-F]{24}$/.test(file)))
        await copyOne({ from: server.data, to: data, path: `pg_wal/${name}`, runAs });
      await giveFile(join(data, 'backup_label'), { text: stopped?.label ?? '', runAs });
    });
    const { host, port } = server.connection('postgres');
    await giveConfiguration(data, {
      configuration: `hot_standby = on\nprimary_conninfo = 'host=${host} port=${port} user=postgres'\n`,
      runAs,
    });
    await giveFile(join(data, 'standby.signal'), { text: '', runAs });
    const standby = await startServer({ binaries: server.binaries, data, network: 'none' });
    try {
      const end = await withSession(server.connection('shop'), async (session) => {
        await session.query(sql`insert into public.pairs values (-1)`);
        const [row] = await session.query<{ lsn: string }>(sql`select pg_current_wal_insert_lsn()::text as lsn`);
        return row?.lsn ?? '';
      });
      await withSession(standby.connection('postgres'), async (session) => {
        for (let tries = 0; tries < 100; tries += 1) {
          const [row] = await session.query<{ done: string }>(
            sql`select (pg_last_wal_replay_lsn() >= ${end}::pg_lsn)::text as done`,
          );
          if (row?.done === 'true') return;
          await sleep(100);
        }
        throw new Error(`the standby does not follow: ${standby.log()}`);
      });
      await use(standby);
    } finally {
      await standby.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each(newest)(
  'PostgreSQL %s: a standby is copied while it follows, equal to a snapshot of its own, and the copy says what it lacks',
  { timeout: 300_000 },
  async (version) => {
    await withSource(
      version,
      async (source) => {
        await withStandby(source.server, async (standby) => {
          const writing = new AbortController();
          const writer = withSession(source.server.connection('shop'), async (session) => {
            for (let n = 0; !writing.signal.aborted; n += 1)
              await session.run(`insert into public.pairs values (${n})`);
          });
          const dump = { ...standby.connection('shop'), user: 'oneroof_dump' };
          await withClones({ ...source.setup, dump }, async (host) => {
            const golden = await host.makeGolden({}).finally(() => {
              writing.abort();
              return writer;
            });
            expect(golden).toMatchObject({
              proofLevel: 'exact',
              from: { standby: true, leftOut: expect.arrayContaining(['rows of unlogged tables: a standby has none']) },
            });
            const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
            await withSession(clone.connection, async (session) => {
              const [row] = await session.query<{ pairs: string; quick: string }>(
                sql`select exists (select from public.pairs)::text as pairs, (select count(*)::text from public.quick) as quick`,
              );
              expect(row).toEqual({ pairs: 'true', quick: '0' });
            });
          });
          await requireNothingLeft({ ...source, server: standby });
        });
      },
      { wal_level: 'replica', max_wal_senders: '4' },
    );
  },
);

test.skipIf(!isLong).each(newest)(
  'PostgreSQL %s: a copy that takes longer than production waits for a silent client keeps its snapshot',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      await runSql(source.server.connection('shop'), ['insert into pairs select generate_series(1, 150000)']);
      await withClones({ ...source.setup, maxRate: 24 * 1024 }, async (host) => {
        const golden = await host.makeGolden({});
        expect(golden).toMatchObject({ proofLevel: 'exact' });
        expect(golden.durationMs).toBeGreaterThan(65_000);
      });
      await requireNothingLeft(source);
    });
  },
);
