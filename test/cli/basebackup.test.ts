import { execFileSync, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { observerStatements, type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { cli } from './run.io.ts';

const withBasebackup = versions.filter((version) => existsSync(join(binariesOf(version).folder, 'pg_basebackup')));

const release = {
  'release.yaml':
    'format: 1\nname: add-note\ntitle: Add a note\ndatabase: shop\ntouches: [public.orders]\ntiers:\n  - { id: 1-note, title: The column }\n',
  'tiers/1-note/up.sql': 'alter table public.orders add column note text;\n',
  'tiers/1-note/down.sql': 'alter table public.orders drop column note;\n',
};

/** Two network namespaces with a cable between them: the address of this one, and how to run a program in the other one; null where that cannot be had. */
function secondHost(): { readonly address: string; readonly prefix: readonly string[]; close(): void } | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const name = `oneroof${process.pid % 100_000}`;
  const third = process.pid % 250;
  const ip = (...words: string[]): boolean => spawnSync('ip', words, { stdio: 'ignore' }).status === 0;
  const close = (): void => {
    ip('netns', 'del', name);
    ip('link', 'del', `${name}a`);
  };
  const made =
    ip('netns', 'add', name) &&
    ip('link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`, 'netns', name) &&
    ip('addr', 'add', `10.213.${third}.1/30`, 'dev', `${name}a`) &&
    ip('link', 'set', `${name}a`, 'up') &&
    ip('-n', name, 'addr', 'add', `10.213.${third}.2/30`, 'dev', `${name}b`) &&
    ip('-n', name, 'link', 'set', `${name}b`, 'up');
  if (made) return { address: `10.213.${third}.1`, prefix: ['ip', 'netns', 'exec', name], close };
  close();
  return null;
}

/** A certificate for an address, which the server's user can read. */
function certificate(folder: string, of: { readonly address: string; readonly server: Server }): void {
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=production',
      '-addext',
      `subjectAltName=IP:${of.address}`,
      '-keyout',
      join(of.server.data, 'server.key'),
      '-out',
      join(of.server.data, 'server.crt'),
    ],
    { stdio: 'ignore' },
  );
  const { runAs } = of.server.binaries;
  for (const name of ['server.key', 'server.crt']) {
    chmodSync(join(of.server.data, name), 0o600);
    if (runAs !== null) chownSync(join(of.server.data, name), runAs.uid, runAs.gid);
  }
  writeFileSync(join(folder, 'root.crt'), readFileSync(join(of.server.data, 'server.crt')), { mode: 0o600 });
}

async function withFar(
  version: Version,
  use: (of: {
    server: Server;
    folder: string;
    run: (...words: string[]) => SpawnSyncReturns<string>;
    setup: (more: string) => void;
    prefix: readonly string[];
  }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-far-'));
  // the server of clones does not run as root
  chmodSync(folder, 0o755);
  const far = secondHost();
  const address = far?.address ?? '127.0.0.1';
  const prefix = far?.prefix ?? [];
  const server = await startTemporaryServer({ binaries: binariesOf(version), settings: { listen_addresses: address } });
  try {
    certificate(folder, { address, server });
    await runSql(server.connection('postgres'), [
      'alter system set ssl = on',
      'create role look login',
      "alter role look password 'look-word'",
      'create database shop',
    ]);
    writeFileSync(
      join(server.data, 'pg_hba.conf'),
      'local all all trust\nhostssl replication all all scram-sha-256\nhostssl all all all scram-sha-256\n',
    );
    await runSql(server.connection('postgres'), ['select pg_reload_conf()']);
    await runSql(server.connection('shop'), [
      'create table public.orders (id integer primary key)',
      'insert into public.orders select generate_series(1, 50000)',
      ...observerStatements('look', ['public']),
    ]);
    for (const [name, text] of Object.entries(release)) {
      mkdirSync(join(folder, 'release', name, '..'), { recursive: true });
      writeFileSync(join(folder, 'release', name), text);
    }
    for (const user of ['look', 'backup']) writeFileSync(join(folder, user), `${user}-word\n`, { mode: 0o600 });
    const url = (user: string): string =>
      `postgres://${user}@${address}:5432/shop?sslmode=verify-full&sslrootcert=${encodeURIComponent(join(folder, 'root.crt'))}`;
    const setup = (more: string): void =>
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets:\n  production: { url: "${url('look')}", passwordFile: look }\nclone:\n  provider: basebackup\n  backup: { url: "${url('oneroof_backup')}", passwordFile: backup }\n  folder: clones\n  bin: ${binariesOf(version).folder}\n${more}`,
      );
    const run = (...words: string[]) => {
      const [program = '', ...rest] = [...prefix, process.execPath, cli, ...words];
      return spawnSync(program, rest, { encoding: 'utf8', cwd: folder });
    };
    await use({ server, folder, run, setup, prefix });
  } finally {
    await server.stop();
    far?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

it.each(withBasebackup)(
  'PostgreSQL %s: a production on another host is copied over the replication protocol and TLS, and a release is rehearsed on the copy',
  { timeout: 400_000 },
  async (version) => {
    await withFar(version, async ({ server, folder, run, setup, prefix }) => {
      setup('');
      const refused = run('clone', 'golden');
      expect([refused.status, refused.stderr]).toEqual([4, expect.stringContaining('[CONNECT_PASSWORD]')]);
      const grants = String(run('grants', '--for-basebackup').stdout);
      await withSession(server.connection('shop'), (session) =>
        session.script([{ text: grants, values: [] } as never]),
      );
      await runSql(server.connection('shop'), ["alter role oneroof_backup password 'backup-word'"]);
      const doctor = run('doctor');
      expect(String(doctor.stdout)).toContain('provider basebackup');
      setup('  maxRate: 64kB\n');
      const [program = '', ...rest] = [...prefix, process.execPath, cli, 'clone', 'golden'];
      const interrupted = spawn(program, rest, { cwd: folder, stdio: 'ignore' });
      const ended = new Promise<number | null>((resolve) => interrupted.once('exit', (code) => resolve(code)));
      await sleep(6000);
      interrupted.kill('SIGINT');
      expect(await ended).not.toBe(0);
      expect(readdirSync(join(folder, 'clones'))).toEqual([]);
      await withSession(server.connection('postgres'), async (session) => {
        const left = async () =>
          session.query(
            sql`select pid::text from pg_stat_activity where usename = 'oneroof_backup' union all select slot_name from pg_replication_slots`,
          );
        for (let tries = 0; (await left()).length > 0; tries += 1) {
          if (tries > 50) throw new Error(`left on production: ${JSON.stringify(await left())}`);
          await sleep(100);
        }
      });
      setup('  maxRate: 512MB\n');
      const golden = run('clone', 'golden');
      expect([golden.status, golden.stderr]).toEqual([0, '']);
      expect(golden.stdout).toContain('a copy of the files of production by pg_basebackup');
      expect(golden.stdout).toContain('compared with one snapshot of production, and equal (1 relations)');
      expect(run('seal', 'release').status).toBe(0);
      const rehearsed = run('rehearse', 'release');
      expect([rehearsed.status, rehearsed.stderr]).toEqual([0, expect.not.stringContaining('error')]);
      expect(run('dossier', 'release').stdout).toContain('by pg_basebackup of shop');
    });
  },
);
