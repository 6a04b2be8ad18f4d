import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dumpStatements, observerStatements, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { newest, runSql } from '../database.io.ts';
import { oneroof } from './run.io.ts';

const planted = 'Zq7PlantedValue';
/** The rollback loses values, so the rehearsal names rows that differ. */
const release = {
  'release.yaml':
    'format: 1\nname: lose\ntitle: Lose names\ndatabase: shop\ntouches: [public.users]\ntiers:\n  - { id: 1-lose, title: The names }\n',
  'tiers/1-lose/up.sql': "update public.users set name = 'x';\n",
  'tiers/1-lose/down.sql': "update public.users set name = 'y';\n",
};

it.each(newest)(
  'PostgreSQL %s: a release is rehearsed on a masked copy, and no record holds a masked value of production',
  { timeout: 300_000 },
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-masked-'));
    chmodSync(folder, 0o755);
    const server = await startTemporaryServer({ binaries: binariesOf(version) });
    const url = (user: string): string =>
      `postgres://${user}@/shop?host=${encodeURIComponent(server.connection('postgres').host)}`;
    const run = (...words: string[]) => oneroof(words, { folder });
    const setup = (mask: string): void =>
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets:\n  production: { url: "${url('look')}" }\nclone:\n  provider: dump\n  dump: { url: "${url('oneroof_dump')}" }\n  folder: clones\n  bin: ${binariesOf(version).folder}\n${mask}`,
      );
    try {
      await runSql(server.connection('postgres'), ['create role look login', 'create database shop']);
      await runSql(server.connection('shop'), [
        'create table public.users (id integer primary key, name text)',
        `insert into public.users select g, '${planted}' || g from generate_series(1, 1000) g`,
        ...observerStatements('look', ['public']),
        ...dumpStatements('oneroof_dump'),
      ]);
      for (const [name, text] of Object.entries(release)) {
        mkdirSync(join(folder, 'release', name, '..'), { recursive: true });
        writeFileSync(join(folder, 'release', name), text);
      }
      setup('');
      expect(run('clone', 'golden').status).toBe(0);
      setup('  mask:\n    columns:\n      public.users.nam: "\'N\' || id"\n');
      const doctor = run('doctor');
      expect(doctor.stdout + doctor.stderr).toContain('table users has no column nam');
      const unknown = run('clone', 'golden');
      expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('[CLONE_MASK_INVALID]')]);
      setup('  mask:\n    columns:\n      public.users.name: "\'N\' || id"\n');
      expect(run('seal', 'release').status).toBe(0);
      const stale = run('rehearse', 'release');
      expect([stale.status, stale.stderr]).toEqual([3, expect.stringContaining('[CLONE_MASK_STALE]')]);
      const golden = run('clone', 'golden');
      expect([golden.status, golden.stderr]).toEqual([0, '']);
      expect(golden.stdout).toContain('masked: public.users.name: not as in production');
      expect(golden.stdout).toContain(
        'compared with one snapshot of production, and equal before it was masked (1 relations)',
      );
      const rehearsed = run('rehearse', 'release');
      expect(rehearsed.status).toBe(1);
      expect(rehearsed.stdout + rehearsed.stderr).toContain('BACK_DIFFERS');
      run('report', 'release');
      const report = run('report', 'release', '--json').stdout;
      expect(report).toContain('masked: public.users.name: not as in production');
      // the release that keeps the names passes, and its dossier says what they were
      writeFileSync(join(folder, 'release/tiers/1-lose/up.sql'), 'alter table public.users add column note text;\n');
      writeFileSync(join(folder, 'release/tiers/1-lose/down.sql'), 'alter table public.users drop column note;\n');
      expect(run('seal', 'release').status).toBe(0);
      const passed = run('rehearse', 'release');
      expect([passed.status, passed.stderr]).toEqual([0, expect.not.stringContaining('error')]);
      expect(run('dossier', 'release').stdout).toContain('masked: public.users.name: not as in production');
      const { stdout } = spawnSync('grep', ['-rlaF', planted, folder], { encoding: 'utf8' });
      expect(stdout).toBe('');
      // what grep would find in the records
      const records = spawnSync('grep', ['-rlaF', 'public.users.name', join(folder, '.oneroof/evidence/blobs')], {
        encoding: 'utf8',
      });
      expect(records.stdout).toContain('.json');
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
