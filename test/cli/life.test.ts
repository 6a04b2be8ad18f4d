import { spawn } from 'node:child_process';
import {
  chmodSync,
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
import { describe, expect, it } from 'vitest';
import {
  type Connection,
  openSession,
  runningOn,
  type Server,
  sql,
  startTemporaryServer,
} from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Answer, cli, oneroof } from './run.io.ts';

/** A production, and a folder whose oneroof.yaml takes clones of it. */
interface Ground {
  readonly server: Server;
  readonly folder: string;
  setup(more?: string): void;
  run(...words: string[]): Answer;
  /** Starts a command, and kills it with SIGKILL as soon as a condition holds. */
  killOnce(words: readonly string[], holds: () => boolean | Promise<boolean>): Promise<void>;
}

const urlOf = ({ host, user, database }: Connection): string =>
  `postgres://${user ?? 'postgres'}@/${database}?host=${encodeURIComponent(host)}`;

async function withGround(
  of: { readonly version: Version; readonly provider: 'template' | 'physical' | 'dump' },
  use: (ground: Ground) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-life-'));
  chmodSync(folder, 0o755);
  const server = await startTemporaryServer({ binaries: binariesOf(of.version) });
  try {
    await runSql(server.connection('postgres'), ['create database shop', 'create database shop_c_of_a_person']);
    await runSql(server.connection('shop'), [
      'create table public.orders (id integer primary key)',
      'insert into public.orders select generate_series(1, 50000)',
    ]);
    const url = urlOf(server.connection('shop'));
    const bin = `  folder: clones\n  bin: ${binariesOf(of.version).folder}\n`;
    const clone = {
      template: `  admin: { url: "${urlOf(server.connection('postgres'))}" }\n  source: shop\n  sameServer: true\n`,
      physical: `  backup: { url: "${url}" }\n${bin}`,
      dump: `  dump: { url: "${url}" }\n${bin}`,
    }[of.provider];
    const setup = (more = ''): void =>
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets:\n  production: { url: "postgres://nobody@127.0.0.1:1/none" }\nclone:\n  provider: ${of.provider}\n${clone}${more}`,
      );
    setup();
    await use({
      server,
      folder,
      setup,
      run: (...words) => oneroof(words, { folder }),
      killOnce: async (words, holds) => {
        const child = spawn(process.execPath, [cli, ...words], { cwd: folder, stdio: 'ignore' });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        for (const until = Date.now() + 60_000; !(await holds()); await sleep(2)) {
          if (child.exitCode !== null) throw new Error(`${words.join(' ')} ended before it was killed`);
          if (Date.now() > until) throw new Error(`${words.join(' ')}: the moment did not come`);
        }
        child.kill('SIGKILL');
        await ended;
      },
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const databases = (connection: Connection): Promise<readonly string[]> =>
  withSession(connection, async (session) =>
    (
      await session.query<{ name: string }>(sql`
        select datname as name from pg_database where datname not in ('postgres', 'template0', 'template1') order by 1`)
    ).map(({ name }) => name),
  );

/** No comment on a database can be written meanwhile, so that a command stops between a database and its mark. */
async function withoutMarks(connection: Connection, use: () => Promise<void>): Promise<void> {
  const session = await openSession(connection, { applicationName: 'test' });
  try {
    await session.run('begin');
    await session.run('lock table pg_catalog.pg_shdescription in share mode');
    await use();
    // the session of the killed command still waits: it ends as that of a machine that is gone does
    await session.query(sql`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'oneroof%'`);
    await session.run('rollback');
  } finally {
    await session.close();
  }
}

const waitsForMark = (connection: Connection) => (): Promise<boolean> =>
  withSession(connection, async (session) => {
    const rows = await session.query(sql`
      select from pg_stat_activity where application_name like 'oneroof%' and wait_event_type = 'Lock' and query ~* '^(comment on|drop) database'`);
    return rows.length > 0;
  });

const person = 'shop_c_of_a_person';

describe.each(versions)(
  'PostgreSQL %s: what kill -9 leaves on a server with copies is dropped by gc, and nothing else',
  (version) => {
    it('in a golden copy, in a clone, in a reset, and where a drop was interrupted', { timeout: 600_000 }, () =>
      withGround({ version, provider: 'template' }, async ({ server, run, killOnce }) => {
        const admin = server.connection('postgres');
        const moment = waitsForMark(admin);
        await withoutMarks(admin, () => killOnce(['clone', 'golden'], moment));
        expect(await databases(admin)).toEqual([expect.stringMatching(/^oneroof_shop_d_/), 'shop', person]);
        expect(run('clone', 'gc')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^oneroof_shop_d_/) });
        expect(await databases(admin)).toEqual(['shop', person]);
        await withoutMarks(admin, () => killOnce(['clone', 'golden'], moment));
        // a database as an older program left it in the same place: without a mark, so it stays
        await runSql(admin, ['create database oneroof_shop_g1', 'create database oneroof_shop_c_0123456789ab']);
        const foreign = ['oneroof_shop_c_0123456789ab', 'oneroof_shop_g1'];
        expect(run('clone', 'golden')).toMatchObject({ status: 0, stdout: expect.stringContaining('oneroof_shop_g2') });
        const quiet = [...foreign, 'oneroof_shop_g2', 'shop', person];
        expect(await databases(admin)).toEqual(quiet);

        await withoutMarks(admin, () => killOnce(['clone', 'make'], moment));
        expect(await databases(admin)).toHaveLength(quiet.length + 1);
        expect(run('clone', 'list').stdout).toBe('');
        expect(run('clone', 'gc').stdout).toMatch(/^oneroof_shop_c_[0-9a-f]{16}\n$/);
        expect(await databases(admin)).toEqual(quiet);

        const clone = run('clone', 'make').stdout.trim();
        // it waits in the middle of the drop
        await withoutMarks(admin, () => killOnce(['clone', 'reset', clone], moment));
        expect(run('clone', 'gc').stdout).toBe('');
        expect(run('clone', 'reset', clone)).toMatchObject({ status: 0, stdout: `${clone}\n` });
        await withoutMarks(admin, () => killOnce(['clone', 'drop', clone], moment));
        expect(run('clone', 'drop', clone).status).toBe(0);
        expect(await databases(admin)).toEqual(quiet);

        // as PostgreSQL leaves a database whose drop was interrupted
        const other = run('clone', 'make').stdout.trim();
        await runSql(admin, [`update pg_database set datconnlimit = -2 where datname = '${other}'`]);
        expect(run('clone', 'gc').stdout).toBe(`${other}\n`);
        expect(await databases(admin)).toEqual(quiet);
      }),
    );

    it('at any moment of each command', { timeout: 600_000 }, () =>
      withGround({ version, provider: 'template' }, async ({ server, run, killOnce }) => {
        const admin = server.connection('postgres');
        expect(run('clone', 'golden').status).toBe(0);
        const kept = run('clone', 'make', '--purpose', 'kept').stdout.trim();
        const began = Date.now();
        expect(run('clone', 'list').status).toBe(0);
        const usual = Date.now() - began;
        for (const words of [
          ['clone', 'pull'],
          ['clone', 'make'],
          ['clone', 'gc'],
        ])
          for (const part of [0.7, 1]) {
            const at = Date.now() + usual * part;
            // one that has ended before was quicker than most
            await killOnce(words, () => Date.now() > at).catch(() => undefined);
          }
        expect(run('clone', 'gc').status).toBe(0);
        const left = await databases(admin);
        expect(left.filter((name) => name.includes('_d_'))).toEqual([]);
        const { leases } = JSON.parse(run('clone', 'list', '--json').stdout) as {
          leases: { database: string; golden: string }[];
        };
        // those that were completed before the kill
        const known = leases.map(({ database }) => database);
        expect(known).toContain(kept);
        const goldens = new Set(leases.map(({ golden }) => golden));
        const newest = left
          .filter((name) => /_g\d+$/.test(name))
          .sort((a, b) => Number(/\d+$/.exec(b)) - Number(/\d+$/.exec(a)))[0];
        expect(left.filter((name) => !known.includes(name) && !goldens.has(name) && name !== newest)).toEqual([
          'shop',
          person,
        ]);
      }),
    );
  },
);

describe.each(versions)('PostgreSQL %s: what kill -9 leaves in a folder of copies', (version) => {
  it('is removed by gc, and clones of older copies are used until they are dropped', { timeout: 600_000 }, () =>
    withGround({ version, provider: 'physical' }, async ({ folder, run, killOnce }) => {
      const clones = join(folder, 'clones');
      const there = (): readonly string[] => readdirSync(clones).sort();
      const has = (begin: string) => (): boolean =>
        existsSync(clones) && there().some((name) => name.startsWith(begin));
      await killOnce(['clone', 'golden'], has('draft-'));
      expect(has('draft-')()).toBe(true);
      // a process has its number again
      const [draft = ''] = there().filter((name) => name.startsWith('draft-'));
      expect(run('clone', 'gc')).toMatchObject({ status: 0, stdout: '' });
      expect(there()).toEqual([]);
      mkdirSync(join(clones, draft.replace(/\d+/, String(process.pid))));
      mkdirSync(join(clones, 'of-a-person'));
      expect(run('clone', 'golden')).toMatchObject({ status: 0, stderr: '' });
      expect(there()).toEqual(['generation-1', 'of-a-person']);

      const clone = run('clone', 'make', '--hours', '4').stdout.trim();
      // the server of the copy is stopped between a clone and its mark
      const data = join(clones, 'generation-1', 'data');
      const onServer = (): Connection | null => {
        const found = runningOn(data);
        return found?.ready === true
          ? { host: found.socket, port: 5432, user: 'postgres', database: 'postgres' }
          : null;
      };
      const holder = spawn(process.execPath, [cli, 'clone', 'open', clone], { cwd: folder, stdio: 'ignore' });
      while (onServer() === null) await sleep(20);
      const connection = onServer() as Connection;
      await withoutMarks(connection, () => killOnce(['clone', 'make'], waitsForMark(connection)));
      holder.kill('SIGKILL');
      while (runningOn(data) !== null) await sleep(50);
      expect(run('clone', 'list').stdout).toMatch(new RegExp(`^${clone}\t.*\n$`));
      expect(run('clone', 'gc').stdout).toMatch(/^oneroof_shop_c_[0-9a-f]{16}\n$/);
      expect(run('clone', 'gc').stdout).toBe('');

      expect(run('clone', 'pull')).toMatchObject({ status: 0, stdout: expect.stringContaining('oneroof_shop_g2') });
      expect(there()).toEqual(['generation-1', 'generation-2', 'of-a-person']);
      expect(run('clone', 'list').stdout).toContain(clone);
      expect(run('clone', 'reset', clone).status).toBe(0);
      expect(run('clone', 'gc').stdout).toBe('');
      expect(run('clone', 'drop', clone).status).toBe(0);
      // killed where the removal has begun, and where it was not yet known whether the copy is used
      await killOnce(['clone', 'gc'], () => !existsSync(join(clones, 'generation-1')));
      while (runningOn(join(clones, 'aside-1', 'data')) !== null) await sleep(50);
      const gone = run('clone', 'gc');
      expect([gone.status, gone.stderr]).toEqual([0, '']);
      expect(there()).toEqual(['generation-2', 'of-a-person']);
    }),
  );
});

describe.each(versions)('PostgreSQL %s: a cap', (version) => {
  it.each(['template', 'physical'] as const)(
    'on the provider %s refuses one more, and the fix that it names makes room',
    { timeout: 600_000 },
    (provider) =>
      withGround({ version, provider }, async ({ setup, run }) => {
        const fixOf = (answer: Answer): readonly string[] => {
          expect([answer.status, answer.stderr]).toEqual([3, expect.stringContaining('[CLONE_CAP]')]);
          return /(?:hint|fix): (.*)/.exec(answer.stderr)?.[1]?.split('; ') ?? [];
        };
        const follow = (fix: readonly string[]): void => {
          for (const command of fix) {
            const [program, ...words] = command.split(' ');
            expect([program, run(...words).status]).toEqual(['oneroof', 0]);
          }
        };
        setup('  maxBytes: 1MB\n');
        const [raise = ''] = fixOf(run('clone', 'golden'));
        expect(raise).toMatch(/^set maxBytes of the clone provider in oneroof.yaml to \d+[kMG]B or more$/);
        setup(`  maxBytes: ${/\d+[kMG]B/.exec(raise)?.[0]}\n`);
        if (provider === 'template') expect(run('clone', 'golden').status).toBe(0);
        setup('  maxClones: 2\n');
        if (provider === 'physical') expect(run('clone', 'golden').status).toBe(0);
        const first = run('clone', 'make', '--hours', '3').stdout.trim();
        expect(run('clone', 'make', '--hours', '1', '--purpose', 'short').status).toBe(0);
        const fix = fixOf(run('clone', 'make'));
        // the one that ends first
        expect(fix).toEqual([expect.stringMatching(/^oneroof clone drop oneroof_shop_c_/)]);
        expect(fix[0]).not.toContain(first);
        follow(fix);
        expect(run('clone', 'make', '--hours', '1').status).toBe(0);
        setup('  maxBytes: 2MB\n');
        const all = fixOf(run('clone', 'make'));
        expect(all[0]).toMatch(/^set maxBytes of the clone provider in oneroof.yaml to /);
        setup(`  maxBytes: ${/\d+[kMG]B/.exec(all[0] ?? '')?.[0]}\n`);
        expect(run('clone', 'make').status).toBe(0);
      }),
  );
});

describe.each(versions)('PostgreSQL %s: clone pull', (version) => {
  it(
    'takes a copy where the newest is too old, one at a time, and prints a line for cron that works',
    { timeout: 600_000 },
    () =>
      withGround({ version, provider: 'physical' }, async ({ folder, run, killOnce }) => {
        const first = run('clone', 'pull', '--older-than', '24h');
        expect([first.status, first.stderr, first.stdout]).toEqual([0, '', expect.stringContaining('oneroof_shop_g1')]);
        expect(run('clone', 'pull', '--older-than', '24h')).toEqual({ status: 0, stdout: '', stderr: '' });
        expect(run('clone', 'pull', '--older-than', 'soon')).toMatchObject({ status: 2 });
        expect(run('clone', 'pull', '--older-than', '1ms').stdout).toContain('oneroof_shop_g2');
        // another one, which is stopped in the middle, but lives
        const other = spawn(process.execPath, [cli, 'clone', 'pull'], { cwd: folder, stdio: 'ignore' });
        const clones = join(folder, 'clones');
        while (!readdirSync(clones).some((name) => name.startsWith('draft-'))) await sleep(2);
        other.kill('SIGSTOP');
        const busy = run('clone', 'pull');
        expect([busy.status, busy.stderr]).toEqual([4, expect.stringContaining(`process ${other.pid} of`)]);
        expect(busy.stderr).toContain('[CLONE_TAKING]');
        // what it has made so far is not taken for rubbish
        expect(run('clone', 'gc').status).toBe(0);
        expect(readdirSync(clones).some((name) => name.startsWith('draft-'))).toBe(true);
        other.kill('SIGCONT');
        expect(await new Promise((resolve) => other.once('exit', resolve))).toBe(0);
        expect(readdirSync(clones)).toEqual(['generation-3']);
        await killOnce(['clone', 'pull'], () => readdirSync(clones).some((name) => name.startsWith('draft-')));

        const { status, stdout, stderr } = run('clone', 'pull', '--older-than', '1ms', '--print-cron');
        expect([status, stderr]).toEqual([0, '']);
        const [, command = ''] = /^17 3 \* \* \* (.*)\n$/.exec(stdout) ?? [];
        mkdirSync(join(folder, '.oneroof'), { recursive: true });
        const shell = spawn('/bin/sh', ['-c', command.replaceAll('\\%', '%')], {
          cwd: '/',
          env: { PATH: '/usr/bin:/bin', HOME: '/' },
          stdio: 'inherit',
        });
        expect(await new Promise((resolve) => shell.once('exit', resolve))).toBe(0);
        expect(readFileSync(join(folder, '.oneroof', 'clone-pull.log'), 'utf8')).toContain('oneroof_shop_g4');
      }),
  );
});
