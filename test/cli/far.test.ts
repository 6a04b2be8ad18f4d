import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startTemporaryServer } from '../../src/database/index.ts';
import { readSetup, targetOf } from '../../src/setup/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { hasNamespaces, withFarHost } from './far-host.io.ts';
import { oneroof } from './run.io.ts';

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-far-'));
  // a private server does not run as root
  chmodSync(folder, 0o755);
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A text in which what is measured is a letter. */
const plain = (text: string): string => text.replace(/\d+(\.\d+)? (kB|MB|GB|TB|s|ms|min)\b/g, 'N $2');

// without root or iproute2 there is no second network to put production into
describe.skipIf(!hasNamespaces).each(versions)('production on another host, PostgreSQL %s', (version) => {
  it(
    'init looks as a role that can do nothing, recommends dump and writes it; doctor says what a copy costs; the copy is taken',
    { timeout: 300_000 },
    () =>
      inFolder((folder) =>
        withFarHost(version, async ({ server, host, oneroof: run }) => {
          await runSql(server.connection('postgres'), [
            "create role someone login password 'pw-someone'",
            'create database shop',
          ]);
          await runSql(server.connection('shop'), [
            'create table orders (id integer primary key, note text)',
            "insert into orders select g, repeat('x', 100) from generate_series(1, 20000) g",
          ]);
          const passwords = join(folder, 'passwords');
          writeFileSync(
            passwords,
            `*:*:*:someone:pw-someone\n*:*:*:oneroof_observer:pw-look\n*:*:*:oneroof_dump:pw-dump\n`,
            {
              mode: 0o600,
            },
          );
          const plan = { folder, env: { PGPASSFILE: passwords } };
          const type = (...words: string[]) => run(words, plan);

          const url = `postgres://someone@${host}:5432/shop?sslmode=disable`;
          const made = type('init', '--url', url, '--json');
          expect([made.status, JSON.parse(made.stdout)]).toMatchObject([
            0,
            {
              clone: { provider: 'dump', reason: 'production is on another host, or does not show its data directory' },
            },
          ]);
          expect(made.stderr).toMatch(/someone: may not read 1 tables; programs of \d+: here in /);
          expect(made.stderr).toContain('extensions: plpgsql; all of them are on this machine');
          expect(made.stderr).toContain('not encrypted, as the address says');
          expect(made.stderr).toContain('oneroof grants --for-dump > dump.sql');
          const text = readFileSync(join(folder, 'oneroof.yaml'), 'utf8');
          expect(text).not.toMatch(/pw-|^# +provider: dump/m);
          const setup = await readSetup(folder, {});
          expect(targetOf(setup).observer).toMatchObject({ host, user: 'oneroof_observer', database: 'shop' });
          expect(setup.clone).toMatchObject({
            provider: 'dump',
            dump: { host, user: 'oneroof_dump', database: 'shop' },
          });

          const sql = type('grants', '--for-dump').stdout + type('grants', '--schema', 'public').stdout;
          await withSession(server.connection('shop'), (session) =>
            session.script([{ text: sql, values: [] } as never]),
          );
          await runSql(server.connection('postgres'), [
            "alter role oneroof_observer password 'pw-look'",
            "alter role oneroof_dump password 'pw-dump'",
          ]);
          const doctor = type('doctor').stdout;
          expect(plain(doctor)).toMatch(
            /ok +golden copy: a golden copy could be taken now: reads N MB of production, takes up to N MB here \(N GB are free\); rows in about N m?s over one connection \(N [MGk]B a second measured\), then indexes and the comparison\n/,
          );
          const golden = type('clone', 'golden');
          expect([golden.status, golden.stderr]).toEqual([0, '']);
        }),
      ),
  );
});

it.skipIf(!versions.includes('15'))(
  'text that sorts differently is named by doctor and in the copy by SQL, and refused for a copy of files',
  { timeout: 300_000 },
  () =>
    inFolder(async (folder) => {
      const server = await startTemporaryServer({ binaries: binariesOf('15') });
      try {
        await runSql(server.connection('postgres'), [
          "create database shop template template0 locale_provider icu icu_locale 'en-US' locale 'C'",
        ]);
        await runSql(server.connection('shop'), [
          'create table names (name text primary key)',
          "insert into names values ('a'), ('B')",
        ]);
        const url = `postgres://postgres@/shop?host=${encodeURIComponent(server.connection('postgres').host)}`;
        const setup = (clone: string, major: '15' | '18'): void =>
          writeFileSync(
            join(folder, 'oneroof.yaml'),
            `targets: { production: { url: "${url.replace('postgres@', 'look@')}" } }\nclone: { ${clone}: { url: "${url}" }, folder: clones, bin: "${binariesOf(major).folder}" }\n`,
          );
        const differs = /the default of the database \(ICU en-US\): version \S+ in production, \S+ on the clone server/;
        setup('provider: dump, dump', '18');
        const risky = oneroof(['doctor'], { folder }).stdout;
        expect(risky).toMatch(
          new RegExp(`warning +golden copy: text may sort differently in clones: ${differs.source}`),
        );
        const golden = oneroof(['clone', 'golden'], { folder });
        expect([golden.status, golden.stderr]).toEqual([0, '']);
        expect(golden.stdout).toMatch(new RegExp(`the order of text of production: ${differs.source}`));
        setup('provider: dump, dump', '15');
        expect(oneroof(['doctor'], { folder }).stdout).not.toContain('sort differently');

        setup('provider: physical, backup', '18');
        expect(oneroof(['doctor'], { folder }).stdout).toMatch(
          new RegExp(`problem +golden copy: copied indexes on text would be wrong: ${differs.source}`),
        );
        setup('provider: physical, backup', '15');
        expect(oneroof(['doctor'], { folder }).stdout).toMatch(
          /ok +golden copy: a golden copy would take \d+ MB and WAL/,
        );
      } finally {
        await server.stop();
      }
    }),
);
