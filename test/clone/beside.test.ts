import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type DatabaseName, type Lease, openCloneHost } from '../../src/clone/index.ts';
import { now } from '../../src/core/index.ts';
import { type Connection, id, literal, sql, startServer, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { type Answer, oneroof } from '../cli/run.io.ts';
import { newest, runSql, serverConnection, withDatabase, withSession } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { threeTiers } from '../release/three.fixture.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
const slow = 'do $$ begin perform pg_catalog.pg_sleep(5); end $$';
const files = threeTiers({ touches: 'public.other', also: { '2 up': slow } });
const application = ['create table base (id integer)', 'insert into base values (1)'];

interface Place {
  run(...words: string[]): Answer;
  start(...words: string[]): { readonly pid: number; readonly ended: Promise<number | null>; said(): string };
  leases(): readonly Lease[];
}

const urlOf = ({ host, user, database }: Connection): string =>
  `postgres://${user ?? 'postgres'}@/${database}?host=${encodeURIComponent(host)}&port=5432`;

/** A home with a sealed release, and the clone provider of its oneroof.yaml. */
async function withHome(clone: readonly string[], use: (place: Place) => Promise<void>): Promise<void> {
  await withFolder(files, async (release) => {
    const home = mkdtempSync(join(tmpdir(), 'oneroof-home-'));
    try {
      cpSync(release, join(home, 'release'), { recursive: true });
      const targets = ['targets:', '  production: { url: "postgres://nobody@127.0.0.1:1/none" }'];
      writeFileSync(join(home, 'oneroof.yaml'), [...targets, 'clone:', ...clone, ''].join('\n'));
      const run: Place['run'] = (...words) => oneroof(words, { folder: home });
      expect(run('seal', 'release').status).toBe(0);
      await use({
        run,
        start: (...words) => {
          const child = spawn(process.execPath, [main, ...words], { cwd: home });
          let said = '';
          for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
          const ended = new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)));
          return { pid: child.pid ?? 0, ended, said: () => said };
        },
        leases: () => {
          const { status, stdout, stderr } = run('clone', 'list', '--json');
          expect(status, stderr).toBe(0);
          return (JSON.parse(stdout) as { readonly leases: readonly Lease[] }).leases;
        },
      });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
}

async function withPhysical(use: (place: Place, folder: string) => Promise<void>): Promise<void> {
  const server = await startTemporaryServer({ binaries: binariesOf('18'), settings: { wal_level: 'logical' } });
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-golden-'));
  chmodSync(folder, 0o755);
  try {
    await runSql(server.connection('postgres'), ['create database shop']);
    await runSql(server.connection('shop'), application);
    const clone = [
      '  provider: physical',
      `  backup: { url: "${urlOf(server.connection('shop'))}" }`,
      `  folder: ${folder}`,
      `  bin: ${binariesOf('18').folder}`,
    ];
    await withHome(clone, (place) => use(place, folder));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** On a server of its own: a list of clones has those of every test that rehearses on the same one. */
async function withTemplate(use: (place: Place, admin: Connection) => Promise<void>): Promise<void> {
  const server = await startTemporaryServer({ binaries: binariesOf('18') });
  try {
    await runSql(server.connection('postgres'), ['create database shop']);
    await runSql(server.connection('shop'), application);
    const admin = server.connection('postgres');
    const clone = [
      '  provider: template',
      `  admin: { url: "${urlOf(admin)}" }`,
      '  source: shop',
      '  sameServer: true',
    ];
    await withHome(clone, (place) => use(place, admin));
  } finally {
    await server.stop();
  }
}

const leased = async ({ leases }: Place, count: number): Promise<readonly Lease[]> => {
  for (const until = Date.now() + 60_000; ; await wait(200)) {
    const found = leases();
    if (found.length >= count) return found;
    if (Date.now() > until) throw new Error(`there are ${found.length} clones`);
  }
};

describe('rehearsals, clone list and clone gc beside one another', () => {
  for (const [provider, within] of [
    ['physical', withPhysical],
    ['template', withTemplate],
  ] as const)
    it(`work with the provider ${provider}`, { timeout: 300_000 }, () =>
      within(async (place) => {
        expect(place.run('clone', 'golden').status).toBe(0);
        const one = place.start('rehearse', 'release');
        await leased(place, 1);
        const two = place.start('rehearse', 'release');
        await leased(place, 2);
        expect(place.run('clone', 'gc')).toMatchObject({ status: 0, stdout: '' });
        expect([await one.ended, await two.ended], `${one.said()}${two.said()}`).toEqual([0, 0]);
        expect(place.leases()).toEqual([]);
      }),
    );

  it('go on where the one that started the server is killed, and gc drops what it left', { timeout: 300_000 }, () =>
    withPhysical(async (place) => {
      expect(place.run('clone', 'golden').status).toBe(0);
      const one = place.start('rehearse', 'release');
      await leased(place, 1);
      const two = place.start('rehearse', 'release');
      await leased(place, 2);
      process.kill(one.pid, 'SIGKILL');
      await one.ended;
      expect(place.run('clone', 'gc').stdout.trim()).toMatch(/^oneroof_shop_c_/);
      expect(await two.ended, two.said()).toBe(0);
    }),
  );

  it('end with CLONE_IN_USE where a server runs on the golden copy that cannot be joined', { timeout: 120_000 }, () =>
    withPhysical(async (place, folder) => {
      expect(place.run('clone', 'golden').status).toBe(0);
      const server = await startServer({ binaries: binariesOf('18'), data: join(folder, 'generation-1', 'data') });
      try {
        expect(place.run('clone', 'list').stderr).toContain('[CLONE_IN_USE]');
      } finally {
        await server.stop();
      }
    }),
  );
});

/** Changes the mark of a clone, as time or another host would. */
async function remark(admin: Connection, clone: DatabaseName, change: (text: string) => string): Promise<void> {
  await withSession(admin, async (session) => {
    const [row] = await session.query<{ mark: string }>(sql`
      select pg_catalog.shobj_description(oid, 'pg_database') as mark from pg_catalog.pg_database where datname = ${clone}`);
    await session.query(sql`comment on database ${id(clone)} is ${literal(change(row?.mark ?? ''))}`);
  });
}

const past = (text: string): string => text.replace(/"expires":"[^"]*"/, '"expires":"2020-01-01T00:00:00.000Z"');

const elsewhere = (text: string): string => text.replace(`"host":"${hostname()}"`, '"host":"elsewhere"');

describe('a lease', () => {
  it('of a rehearsal that lives is not taken away, also where it has run out', { timeout: 120_000 }, () =>
    withTemplate(async (place, admin) => {
      expect(place.run('clone', 'golden').status).toBe(0);
      const rehearsal = place.start('rehearse', 'release');
      const [lease] = await leased(place, 1);
      const clone = lease?.database ?? ('none' as DatabaseName);
      await remark(admin, clone, past);
      expect(place.run('clone', 'gc'), rehearsal.said()).toMatchObject({ status: 0, stdout: '' });
      expect(await rehearsal.ended, rehearsal.said()).toBe(0);
      // the control: of another host nothing is seen but the lease
      const made = place.run('clone', 'make').stdout.trim() as DatabaseName;
      expect(place.run('clone', 'gc').stdout.trim()).toBe('');
      await remark(admin, made, (text) => past(elsewhere(text)));
      expect(place.run('clone', 'gc').stdout.trim()).toBe(made);
    }),
  );

  it.each(newest)('is renewed while its holder lives, and not once it is kept: PostgreSQL %s', (version) =>
    withDatabase(version, async (source) => {
      const admin = serverConnection(version);
      const setup = { provider: 'template', admin, source: source.database, sameServer: true } as const;
      const host = await openCloneHost(setup);
      try {
        await host.makeGolden({});
        const hours = 2 / 3600;
        const clone = await host.makeClone({ purpose: 'p', owner: 'o', hours });
        const { database, expires } = clone.lease;
        await remark(admin, database, elsewhere);
        await wait(2500);
        const found = (await host.list()).find((one) => one.database === database);
        expect(found?.expires.localeCompare(now())).toBe(1);
        expect(await host.collectGarbage(now())).not.toContain(database);
        await host.keep(database, hours);
        await wait(2500);
        expect(await host.collectGarbage(now())).toContain(database);
        expect(expires.localeCompare(now())).toBe(-1);
      } finally {
        await host.close();
      }
    }),
  );
});
