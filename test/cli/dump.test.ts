import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { observerStatements, sql, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { newest, runSql, withSession } from '../database.io.ts';
import { cli, oneroof } from './run.io.ts';

const release = {
  'release.yaml':
    'format: 1\nname: add-note\ntitle: Add a note\ndatabase: shop\ntouches: [public.orders]\ntiers:\n  - { id: 1-note, title: The column }\n',
  'tiers/1-note/up.sql': 'alter table public.orders add column note text;\n',
  'tiers/1-note/down.sql': 'alter table public.orders drop column note;\n',
};

it.each(newest)(
  'PostgreSQL %s: a production that is reached by SQL alone is copied, also after a kill, and a release is rehearsed on the copy',
  { timeout: 300_000 },
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-far-'));
    // the server of clones does not run as root
    chmodSync(folder, 0o755);
    const server = await startTemporaryServer({ binaries: binariesOf(version) });
    const url = (user: string): string =>
      `postgres://${user}@/shop?host=${encodeURIComponent(server.connection('postgres').host)}`;
    const run = (...words: string[]) => oneroof(words, { folder });
    const setup = (more: string): void =>
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets:\n  production: { url: "${url('look')}" }\nclone:\n  provider: dump\n  dump: { url: "${url('oneroof_dump')}" }\n  folder: clones\n  bin: ${binariesOf(version).folder}\n${more}`,
      );
    try {
      await runSql(server.connection('postgres'), ['create role look login', 'create database shop']);
      await runSql(server.connection('shop'), [
        'create table public.orders (id integer primary key)',
        'insert into public.orders select generate_series(1, 50000)',
        ...observerStatements('look', ['public']),
      ]);
      for (const [name, text] of Object.entries(release)) {
        mkdirSync(join(folder, 'release', name, '..'), { recursive: true });
        writeFileSync(join(folder, 'release', name), text);
      }
      setup('');
      const refused = run('clone', 'golden');
      expect([refused.status, refused.stderr]).toEqual([4, expect.stringContaining('[CONNECT_PASSWORD]')]);
      const grants = run('grants', '--for-dump').stdout;
      await withSession(server.connection('shop'), (session) =>
        session.script([{ text: grants, values: [] } as never]),
      );
      setup('  maxRate: 16kB\n');
      const killed = spawn(process.execPath, [cli, 'clone', 'golden'], { cwd: folder, stdio: 'ignore' });
      await sleep(6000);
      killed.kill('SIGKILL');
      await sleep(1000);
      await withSession(server.connection('postgres'), async (session) => {
        for (let tries = 0; ; tries += 1) {
          const left = await session.query(
            sql`select from pg_stat_activity where application_name like 'oneroof golden%'`,
          );
          if (left.length === 0) break;
          if (tries > 100) throw new Error('sessions are left on production');
          await sleep(100);
        }
      });
      expect(readdirSync(join(folder, 'clones')).sort()).toEqual([
        expect.stringMatching(/^draft-/),
        expect.stringMatching(/^taking-/),
      ]);
      setup('');
      const golden = run('clone', 'golden');
      expect([golden.status, golden.stderr]).toEqual([0, '']);
      expect(golden.stdout).toContain('compared with one snapshot of production, and equal (1 relations)');
      expect(golden.stdout).toContain('not in the copy: subscriptions, passwords of roles, and the gate');
      expect(readdirSync(join(folder, 'clones'))).toEqual([expect.stringMatching(/^generation-/)]);
      expect(run('seal', 'release').status).toBe(0);
      const rehearsed = run('rehearse', 'release');
      expect([rehearsed.status, rehearsed.stderr]).toEqual([0, expect.not.stringContaining('error')]);
      const dossier = run('dossier', 'release').stdout;
      expect(dossier).toContain('compared with one snapshot of production, and equal (1 relations)');
      expect(dossier).toContain('not in the copy: subscriptions');
      run('report', 'release');
      expect(run('report', 'release', '--json').stdout).toContain('compared with one snapshot of production');
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
