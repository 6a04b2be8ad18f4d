import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { explainOrigin, measuredLevel, readGolden } from '../../src/clone/index.ts';
import { observerStatements, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { runSql, versions } from '../database.io.ts';
import { oneroof } from './run.io.ts';

const release = {
  'release.yaml':
    'format: 1\nname: add-note\ntitle: Add a note\ndatabase: shop\ntouches: [public.orders]\ntiers:\n  - { id: 1-note, title: The column }\n',
  'tiers/1-note/up.sql': 'alter table public.orders add column note text;\n',
  'tiers/1-note/down.sql': 'alter table public.orders drop column note;\n',
};

it.each(versions)(
  'PostgreSQL %s: where a copy came from, what it lacks and its age are said first, and no stronger level than was measured',
  { timeout: 600_000 },
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-origin-'));
    chmodSync(folder, 0o755);
    const settings = { wal_level: 'logical', max_prepared_transactions: '2' };
    const [server, other] = [
      await startTemporaryServer({ binaries: binariesOf(version), settings }),
      await startTemporaryServer({ binaries: binariesOf(version) }),
    ];
    const url = (user: string, database: string, at = server): string =>
      `postgres://${user}@/${database}?host=${encodeURIComponent(at.connection('postgres').host)}`;
    const run = (...words: string[]) => oneroof(words, { folder });
    const setup = (clone: string, production = url('look', 'shop')): void =>
      writeFileSync(join(folder, 'oneroof.yaml'), `targets:\n  production: { url: "${production}" }\nclone:\n${clone}`);
    try {
      for (const one of [server, other])
        await runSql(one.connection('postgres'), ['create role look login', 'create database shop']);
      await runSql(server.connection('postgres'), ['create database aside']);
      await runSql(server.connection('shop'), [
        'create table public.orders (id integer primary key)',
        'insert into public.orders select generate_series(1, 100)',
        'create unlogged table public."Cache" as select 1 as i',
        'create publication news for table public.orders',
        "create subscription mirror connection 'host=/nowhere dbname=x' publication p with (connect = false)",
        'create function public.nothing() returns event_trigger language plpgsql as $$ begin end $$',
        'create event trigger watch on ddl_command_start execute function public.nothing()',
        'create foreign data wrapper far',
        'create server elsewhere foreign data wrapper far',
        "create user mapping for look server elsewhere options (password 'mapped-secret')",
        ...observerStatements('look', ['public']),
        'begin',
        'insert into public.orders values (0)',
        "prepare transaction 'half'",
      ]);
      await runSql(other.connection('shop'), observerStatements('look', ['public']));
      for (const [name, text] of Object.entries(release)) {
        mkdirSync(join(folder, 'release', name, '..'), { recursive: true });
        writeFileSync(join(folder, 'release', name), text);
      }
      setup(
        `  provider: physical\n  backup: { url: "${url('postgres', 'shop')}" }\n  folder: clones\n  bin: ${binariesOf(version).folder}\n`,
      );
      const pulled = run('clone', 'pull');
      expect([pulled.status, pulled.stderr]).toEqual([0, '']);
      const said = [
        'a copy of the data directory of production of',
        'not in the copy: rows of unlogged table public."Cache"',
        'not in the copy: database aside',
        'acts by itself: subscription mirror: removed',
        'acts by itself: prepared transaction half: rolled back',
        'acts by itself: publication news: ',
        'acts by itself: event trigger watch: ',
        'acts by itself: foreign server elsewhere: ',
        'acts by itself: user mapping elsewhere for look: ',
      ];
      for (const line of said) expect(pulled.stdout).toContain(line);
      expect(pulled.stdout).not.toContain('mapped-secret');
      const clone = run('clone', 'make').stdout.trim();
      expect(clone).toMatch(/^oneroof_shop_c_/);
      expect(run('seal', 'release').status).toBe(0);
      expect(run('rehearse', 'release').status).toBe(0);
      const age = /golden copy of \d{4}-\d\d-\d\d \d\d:\d\d UTC, [\d.]+ (s|ms|min \d+ s) old at the rehearsal/;
      const dossier = run('dossier', 'release').stdout;
      expect(dossier).toMatch(age);
      for (const line of said) expect(dossier).toContain(line);
      // before anything that is judged
      expect(dossier.search(age)).toBeLessThan(dossier.indexOf('RISKS'));
      expect(run('gate', 'release').stdout).toMatch(age);
      expect(run('gate', 'release', '--json').stdout).toContain('"copy"');
      const json = run('report', 'release', '--json').stdout;
      const { reports } = JSON.parse(json) as { reports: readonly { copy: readonly string[] }[] };
      expect(reports[0]?.copy[0]).toMatch(age);
      expect(reports[0]?.copy.join('\n')).toContain('unlogged table public."Cache"');
      expect(run('log', 'release').status).toBe(0);

      const template = `  provider: template\n  admin: { url: "${url('postgres', 'postgres')}" }\n  source: shop\n  sameServer: true\n`;
      const levelAt = (production: string): string => {
        setup(template, production);
        const { status, stdout, stderr } = run('clone', 'golden', '--json');
        expect([status, stderr]).toEqual([0, '']);
        return (JSON.parse(stdout) as { golden: { proofLevel: string } }).golden.proofLevel;
      };
      await runSql(server.connection('shop'), ["rollback prepared 'half'"]);
      expect(levelAt(url('look', 'shop'))).toBe('lineage');
      expect(levelAt(url('look', 'shop', other))).toBe('none');
      expect(levelAt('postgres://nobody@127.0.0.1:1/none')).toBe('none');
      expect(run('clone', 'golden').stdout).toContain('nothing connects it with production');
    } finally {
      await Promise.all([server.stop(), other.stop()]);
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

it('reads a record of an older program, and believes no level of it that was not measured', () => {
  const golden = {
    version: 1,
    provider: 'template',
    generation: 1,
    source: { database: 'shop', systemIdentifier: '1', timeline: 1, databaseOid: '2', serverVersion: 180_000 },
    takenAt: '2026-11-29T21:00:00.000Z',
    proofLevel: 'lineage',
    method: 'copy',
    bytes: 1,
    durationMs: 1,
    database: 'oneroof_shop_g1',
  };
  const readOf = (value: unknown) => {
    const read = readGolden(value);
    if (!read.readable) throw new Error(read.reason);
    return read.body;
  };
  const read = readOf(golden);
  expect(measuredLevel(read)).toBe('none');
  expect(explainOrigin(read)).toEqual([
    'a copy of a database that oneroof.yaml names: nothing connects it with production',
  ]);
  const files = readOf({ ...golden, provider: 'physical' });
  expect(measuredLevel(files)).toBe('lineage');
  expect(explainOrigin(files)).toEqual([
    'a copy of the data directory of production: its rows were not compared with production',
  ]);
});
