import { spawn, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { explainOrigin } from '../../src/clone/index.ts';
import { giveFile } from '../../src/clone/providers/generation.io.ts';
import { startServer, sql } from '../../src/database/index.ts';
import { backUp } from '../backup.io.ts';
import { binariesOf } from '../binaries.io.ts';
import { runSql, withSession } from '../database.io.ts';
import {
  backupSetup,
  requireNothingOn,
  whileWritten,
  withBackups,
  withBasebackup,
  withProduction,
} from './basebackup.fixture.io.ts';

/** So slow that there is time to do something meanwhile. */
const slow = 256 * 1024;

const running = (data: string): string =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('pg_basebackup') && line.includes(data))
    .join('\n');

test.each(withBasebackup)(
  'PostgreSQL %s: a base backup that is interrupted or takes too long leaves nothing behind on either side',
  { timeout: 300_000 },
  async (version) => {
    await withProduction(version, async ({ server, setup, folder }) => {
      const ending = new AbortController();
      await withBackups({ ...setup, maxRate: slow }, async (host) => {
        await expect(
          host.makeGolden({ signal: ending.signal, onProgress: () => ending.abort() }),
        ).rejects.toMatchObject({ code: 'INTERRUPTED' });
        expect(running(folder)).toBe('');
        await requireNothingOn(server, folder);
        // interrupted before it began
        await expect(host.makeGolden({ signal: ending.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
        await requireNothingOn(server, folder);
        expect(await host.golden()).toBeNull();
      });
      await withBackups({ ...setup, maxRate: slow, maxDuration: 5000 as never }, async (host) => {
        await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_BUDGET' });
        expect(running(folder)).toBe('');
        await requireNothingOn(server, folder);
      });
    });
  },
);

test.each(withBasebackup)(
  'PostgreSQL %s: after kill -9 of the command the base backup ends, and the next one removes what is left',
  { timeout: 300_000 },
  async (version) => {
    await withProduction(version, async ({ server, setup, folder }) => {
      const module = new URL('../../src/clone/index.ts', import.meta.url).href;
      const killing = `import { openCloneHost } from '${module}';
        const host = await openCloneHost(${JSON.stringify({ ...setup, maxRate: slow })});
        await host.makeGolden({ onProgress: () => process.kill(process.pid, 'SIGKILL') });`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', killing], {
        stdio: 'ignore',
      });
      const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
      expect(signal).toBe('SIGKILL');
      await sleep(3000);
      expect(running(folder)).toBe('');
      // its ticket counts for nothing now
      expect(readdirSync(folder)).toEqual([expect.stringMatching(/^draft-/), expect.stringMatching(/^taking-/)]);
      await withBackups(setup, async (host) => {
        expect(await host.makeGolden({})).toMatchObject({ proofLevel: 'exact' });
        expect(readdirSync(folder)).toEqual([expect.stringMatching(/^generation-/)]);
      });
      await requireNothingOn(server, folder);
    });
  },
);

/** An address that leads to the socket of a server, and can be cut. */
async function withAddress(
  socket: string,
  use: (of: { port: number; cut: () => void }) => Promise<void>,
): Promise<void> {
  const open = new Set<Socket>();
  const front = createServer((from) => {
    const to = connect(join(socket, '.s.PGSQL.5432'));
    for (const one of [from, to]) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        (one === from ? to : from).destroy();
      });
    }
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const one of open) one.destroy();
  };
  try {
    await use({ port: (front.address() as { port: number }).port, cut });
  } finally {
    cut();
    front.close();
  }
}

test.each(withBasebackup)(
  'PostgreSQL %s: a connection that is cut ends the copy, and nothing is left on either side',
  { timeout: 300_000 },
  async (version) => {
    await withProduction(version, async ({ server, setup, folder }) => {
      await withAddress(server.connection('shop').host, async ({ port, cut }) => {
        const backup = { ...setup.backup, host: '127.0.0.1', port };
        await withBackups({ ...setup, backup, maxRate: slow }, async (host) => {
          await expect(host.makeGolden({ onProgress: cut })).rejects.toMatchObject({ code: 'CLONE_BASEBACKUP_FAILED' });
          await requireNothingOn(server, folder);
          expect(await host.golden()).toBeNull();
        });
        await withBackups({ ...setup, backup }, async (host) => {
          expect(await host.makeGolden({})).toMatchObject({ proofLevel: 'exact' });
        });
      });
      await requireNothingOn(server, folder);
    });
  },
);

test.each(withBasebackup)(
  'PostgreSQL %s: a disk that becomes full ends the copy with its reason',
  { timeout: 300_000 },
  async (version) => {
    if (process.getuid?.() !== 0) return;
    await withProduction(version, async ({ server, setup, folder }) => {
      const small = join(folder, 'small');
      execFileSync('mkdir', [small]);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=45m,mode=755', 'tmpfs', small]);
      try {
        await withBackups({ ...setup, folder: small }, async (host) => {
          await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_NO_SPACE' });
          expect(readdirSync(small)).toEqual([]);
        });
      } finally {
        execFileSync('umount', [small]);
      }
      await requireNothingOn(server, folder);
    });
  },
);

test.each(withBasebackup)(
  'PostgreSQL %s: a standby is copied while it follows a primary that is written to',
  { timeout: 300_000 },
  async (version) => {
    await withProduction(version, async ({ server }) => {
      const copied = await backUp(server);
      const data = join(copied, 'data');
      const binaries = binariesOf(version);
      await giveFile(join(data, 'standby.signal'), { text: '', runAs: binaries.runAs });
      const clones = mkdtempSync(join(tmpdir(), 'oneroof-golden-'));
      chmodSync(clones, 0o755);
      const primary = server.connection('postgres');
      const standby = await startServer({
        binaries,
        data,
        settings: { primary_conninfo: `host=${primary.host} user=postgres` },
      });
      try {
        await whileWritten(server.connection('shop'), async () => {
          const setup = backupSetup(standby, { folder: clones, version });
          await withBackups(setup, async (host) => {
            const golden = await host.makeGolden({});
            expect(golden.from).toMatchObject({ standby: true });
            expect(explainOrigin(golden)[0]).toContain(', a standby: ');
            // a snapshot of it needs a moment without a record; without one, nothing is claimed
            expect(['exact', 'lineage']).toContain(golden.proofLevel);
            expect(golden.proofLevel === 'exact').toBe((golden.from?.compared ?? 0) > 0);
            const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
            await withSession(clone.connection, async (session) => {
              const [row] = await session.query(
                sql`select ((select count(*) from public.pairs) = (select count(*) from public.others))::text as same`,
              );
              expect(row).toEqual({ same: 'true' });
            });
          });
        });
        // one that rests, or whose replay is paused, has such a moment
        await runSql(standby.connection('postgres'), ['select pg_wal_replay_pause()']);
        await withBackups(backupSetup(standby, { folder: clones, version }), async (host) => {
          expect(await host.makeGolden({})).toMatchObject({
            proofLevel: 'exact',
            from: { standby: true, compared: 6 },
          });
        });
        await requireNothingOn(standby, clones);
      } finally {
        await standby.stop();
        rmSync(copied, { recursive: true, force: true });
        rmSync(clones, { recursive: true, force: true });
      }
    });
  },
);
