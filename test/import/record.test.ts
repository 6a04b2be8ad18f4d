import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OneRoofError } from '../../src/core/index.ts';
import { recordProject, type RecordPlan } from '../../src/import/record-project.io.ts';
import { versions } from '../database.io.ts';

const root = join(import.meta.dirname, '../..');
const knex = `"${process.execPath}" "${join(root, 'node_modules/knex/bin/cli.js')}" --knexfile knexfile.cjs`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-knex-'));
  mkdirSync(join(folder, 'migrations'));
  // knex runs only where it is installed
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write(
    'knexfile.cjs',
    `module.exports = { client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations', loadExtensions: ['.cjs'] } };`,
  );
  write(
    'migrations/1_users.cjs',
    `exports.up = async (knex) => {
      await knex.schema.createTable('users', (t) => { t.increments('id'); t.text('email').notNullable(); });
      await knex('users').insert([{ email: "o'brien" }, { email: 'back\\\\slash' }]);
    };
    exports.down = (knex) => knex.schema.dropTable('users');`,
  );
  write(
    'migrations/2_swallowed.cjs',
    `exports.up = async (knex) => {
      await knex.raw('savepoint a');
      try { await knex.raw('alter table nobody add column x integer'); } catch { await knex.raw('rollback to savepoint a'); }
      if (!(await knex.schema.hasColumn('users', 'name'))) await knex.schema.alterTable('users', (t) => t.string('name', 20));
    };
    exports.down = (knex) => knex.schema.alterTable('users', (t) => t.dropColumn('name'));`,
  );
  write(
    'migrations/3_index.cjs',
    `exports.config = { transaction: false };
    exports.up = (knex) => knex.raw('create index concurrently users_name on users (name)');
    exports.down = () => Promise.reject(new Error('there is no way back'));`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = (forward: string, more: Partial<RecordPlan> = {}): RecordPlan => ({
  forward,
  back: null,
  withNetwork: false,
  folder,
  major: 18,
  files: {
    paths: ['knexfile.cjs', 'migrations/1_users.cjs', 'migrations/2_swallowed.cjs', 'migrations/3_index.cjs'],
    read: () => ({ text: '', problem: null }),
  },
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
});

describe.each(versions)('PostgreSQL %s: the migrations of knex', (version) => {
  it('are recorded one by one, with their downs, and without what failed', async () => {
    const project = await recordProject(plan(`${knex} migrate:up`, { major: Number(version) }));
    expect(project).toMatchObject({ tool: 'knex', knownBy: expect.stringContaining('migrate:up ran') });
    expect(project.migrations.map(({ name, up, down }) => [name, up.file, up.send, down])).toEqual([
      ['1_users.cjs', 'migrations/1_users.cjs', 'transaction', null],
      ['2_swallowed.cjs', 'migrations/2_swallowed.cjs', 'transaction', null],
      ['3_index.cjs', 'migrations/3_index.cjs', 'statements', null],
    ]);
    const [users, swallowed, index] = project.migrations.map(({ up }) => up.text);
    expect(users).toContain(`values ('o''brien'), (E'back\\\\slash');`);
    expect(swallowed).toBe('alter table "users" add column "name" varchar(20);\n');
    expect(index).toBe('create index concurrently users_name on users (name);\n');
  }, 120_000);
});

describe('a recording', () => {
  it('takes downs from a command that goes back, up to one that refuses', async () => {
    const all = `${knex} migrate:latest`;
    const project = await recordProject(plan(all, { back: `${knex} migrate:down` }));
    // the last migration has no way back, so none before it can be taken back either
    expect(project.migrations.map(({ down }) => down)).toEqual([null, null, null]);
    const two = `${knex} migrate:up 1_users.cjs; ${knex} migrate:up 2_swallowed.cjs`;
    const part = await recordProject(plan(two, { back: `${knex} migrate:down` }));
    expect(part.migrations.map(({ down }) => down?.text)).toEqual([
      'drop table "users";\n',
      'alter table "users" drop column "name";\n',
    ]);
  }, 120_000);

  it('runs the command where it reaches the private server and nothing else', async () => {
    let reached = 0;
    const elsewhere = createServer((socket) => {
      reached += 1;
      socket.end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as { port: number };
    const connect = `"${process.execPath}" -e "require('node:net').connect(${port}, '127.0.0.1').on('error', () => process.exit(3)).on('connect', () => process.exit(4))"`;
    try {
      await expect(recordProject(plan(connect))).rejects.toMatchObject({
        code: 'RECORD_FAILED',
        message: expect.stringContaining('ended with status 3 before a migration had run'),
      });
      expect(reached).toBe(0);
      // the same command reaches it where that is asked for: it would have been seen
      await expect(recordProject(plan(connect, { withNetwork: true }))).rejects.toMatchObject({
        message: expect.stringContaining('ended with status 4'),
      });
      expect(reached).toBe(1);
    } finally {
      elsewhere.close();
    }
  }, 60_000);

  it('passes on no address of another server, and its role may not run programs', async () => {
    process.env['PGSERVICE'] = 'production';
    const client = join(root, 'node_modules/pg/lib/index.js');
    const attempt = `const { Client } = require(${JSON.stringify(client)}); const c = new Client({ connectionString: process.env.DATABASE_URL });
      c.connect().then(() => c.query('copy (select 1) to program $$true$$')).then(() => process.exit(5), (e) => { console.error(e.code, Object.keys(process.env).filter((n) => n.startsWith('PG')).sort().join()); process.exit(6); });`;
    writeFileSync(join(folder, 'attempt.cjs'), attempt);
    try {
      await expect(recordProject(plan(`"${process.execPath}" attempt.cjs`))).rejects.toMatchObject({
        code: 'RECORD_FAILED',
        problems: [expect.objectContaining({ detail: ['42501 PGDATABASE,PGHOST,PGPORT,PGUSER'] })],
      });
    } finally {
      delete process.env['PGSERVICE'];
    }
  }, 60_000);

  it('is an error where the command fails in the middle of a migration, and ends where it had nothing more to do', async () => {
    const bad = join(folder, 'migrations', '4_bad.cjs');
    writeFileSync(
      bad,
      `exports.up = async (knex) => { await knex.schema.createTable('late', (t) => t.increments('id')); throw new Error('half way'); }; exports.down = () => undefined;`,
    );
    try {
      await expect(recordProject(plan(`${knex} migrate:up`))).rejects.toMatchObject({
        code: 'RECORD_FAILED',
        message: expect.stringContaining('after 3 migrations, in the middle of the next'),
      });
    } finally {
      rmSync(bad);
    }
    const first = `${knex} migrate:up 1_users.cjs || exit 9`;
    const { migrations, warnings } = await recordProject(plan(first));
    expect(migrations.map(({ name }) => name)).toEqual(['1_users.cjs']);
    expect(warnings.map(({ text }) => text).join()).toMatch(
      /^(?:|.*ended with status 9 after 1 migrations, without any work.*)$/s,
    );
  }, 120_000);

  /** Interrupts a recording some time after its command has made the file `begun`. */
  async function interrupted(command: string, after: number): Promise<unknown> {
    const begun = join(folder, 'begun');
    const interruption = new AbortController();
    const ended = recordProject(plan(command, { signal: interruption.signal })).catch((error: unknown) => error);
    try {
      while (!existsSync(begun)) await sleep(1);
      await sleep(after);
      interruption.abort(new Error('interrupted'));
      return await Promise.race([ended, sleep(15_000).then(() => 'it went on')]);
    } finally {
      rmSync(begun, { force: true });
    }
  }

  it('that is interrupted says so, and does not blame the command that ended with it', async () => {
    const one = `${knex} migrate:up 1_users.cjs`;
    const cases: readonly (readonly [command: string, after: number])[] = [
      // while it runs, before the first migration and after one, when it would seem to have nothing more to do
      ['touch begun; sleep 60', 50],
      [`if test -e ran; then touch begun; sleep 60; fi; touch ran; ${one}`, 50],
      // it has failed by itself, and its log is being read
      ['touch begun; exit 3', 8],
      // the log never comes
      ['rm "$(sed -n 2p "$PGHOST/.s.PGSQL.5432.lock")/recorded/log.json"; touch begun; exit 3', 1000],
    ];
    for (const [command, after] of cases) {
      expect([command, await interrupted(command, after)]).toEqual([
        command,
        expect.objectContaining({ message: 'interrupted' }),
      ]);
      rmSync(join(folder, 'ran'), { force: true });
    }
  }, 120_000);

  it('is an error where its log never comes', async () => {
    const lost = 'rm "$(sed -n 2p "$PGHOST/.s.PGSQL.5432.lock")/recorded/log.json"';
    await expect(recordProject(plan(lost))).rejects.toMatchObject({
      code: 'RECORD_FAILED',
      message: expect.stringContaining('did not grow for 30 s'),
    });
  }, 90_000);

  it('shows what a command is and says as text: it obeys none of it', async () => {
    const hostile = String.raw`printf ']0;forged[2Kâ®said' >&2; exit 3 # ` + '[31mred';
    const failure = await recordProject(plan(hostile)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'RECORD_FAILED' });
    const shown = JSON.stringify((failure as OneRoofError).problems.map(({ problem, detail }) => [problem, detail]));
    expect(shown).toContain('u{1b}');
    expect(
      (failure as OneRoofError).problems.flatMap(({ problem, detail = [] }) => [problem, ...detail]).join(''),
    ).not.toMatch(/\p{Cc}|\p{Cf}/u);
    const mixed = `if test -e ran; then printf '\\033[2Kforged' >&2; exit 9; fi; touch ran; ${knex} migrate:up 1_users.cjs # \u001B[31mred`;
    const { warnings, knownBy } = await recordProject(plan(mixed));
    rmSync(join(folder, 'ran'));
    expect(warnings).toMatchObject([{ text: expect.stringContaining('forged') }]);
    expect([knownBy, ...warnings.map(({ text }) => text)].join('')).not.toMatch(/\p{Cc}|\p{Cf}/u);
  }, 120_000);

  it('says so where nothing was recorded', async () => {
    await expect(recordProject(plan('true'))).rejects.toMatchObject({ code: 'RECORD_NOTHING' });
  }, 60_000);
});
