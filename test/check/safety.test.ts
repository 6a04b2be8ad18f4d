import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { versions } from '../database.io.ts';
import { cli, oneroof } from '../cli/run.io.ts';
import { type Checked, checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

const open = mkdtempSync(join(tmpdir(), 'oneroof-attacked-'));
// where the server's user may write: what an attack leaves is seen
chmodSync(open, 0o777);
const marker = join(open, 'marker');

/** SQL that no one should run on the machine of a reviewer, and what is said of it. */
const attacks: readonly (Written & { readonly says: string })[] = [
  {
    name: 'program',
    up: `copy (select 1) to program 'touch ${marker}';`,
    says: 'permission denied to COPY to or from an external program',
  },
  {
    name: 'file',
    up: `create table f (l text); copy f from '/etc/passwd';`,
    says: 'permission denied to COPY from a file',
  },
  { name: 'write', up: `copy (select 1) to '${marker}';`, says: 'permission denied to COPY to a file' },
  { name: 'read_file', up: `select pg_read_file('/etc/passwd');`, says: 'permission denied for function pg_read_file' },
  { name: 'large_object', up: `select lo_import('/etc/passwd');`, says: 'permission denied for function lo_import' },
  { name: 'untrusted', up: 'create extension dblink;', says: 'only a superuser may create the extension dblink' },
  {
    name: 'language_c',
    up: `create function system(cstring) returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'system';`,
    says: 'permission denied for language c',
  },
  {
    name: 'alter_system',
    up: `alter system set archive_command = 'touch ${marker}';`,
    says: 'permission denied to set parameter',
  },
  { name: 'superuser', up: 'create role evil superuser;', says: 'permission denied to create role' },
  { name: 'self', up: 'alter role current_user superuser;', says: '' },
  { name: 'grant_program', up: 'grant pg_execute_server_program to current_user;', says: '' },
  { name: 'role_in_program', up: 'create role evil in role pg_execute_server_program;', says: '' },
  {
    name: 'session',
    up: 'set session authorization oneroof_admin;',
    says: 'permission denied to set session authorization',
  },
  { name: 'set_role', up: 'set role oneroof_admin;', says: 'permission denied to set role "oneroof_admin"' },
];

/** A partial index whose predicate runs a function whenever a query of its table is planned: as whoever plans it. */
const planned: Written = {
  name: 'planned',
  up: `select lo_from_bytea(4242, 'x');
create table bait (id int);
create function trap() returns boolean language plpgsql immutable as $$ begin
  if current_user <> 'postgres' then
    begin perform lo_export(4242, '${marker}'); exception when others then null; end;
  end if;
  return true; end $$;
create index sprung on bait (id) where trap();`,
  down: 'drop table bait; drop function trap(); select lo_unlink(4242);',
};

afterAll(() => rmSync(open, { recursive: true, force: true }));

describe.each(versions)('foreign SQL in oneroof check, on PostgreSQL %s', (version) => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(golangMigrate([...attacks.map((one) => ({ ...one, down: 'select 1;' })), planned]), (folder) => {
        run = checked(folder, ['--all', '--postgres', version]);
      }),
    500_000,
  );

  it.each(attacks)('is refused by the server: $name', ({ name, says }) => {
    const { faults, verdict } = run.of(name);
    expect([verdict, faults[0]?.spot.line], JSON.stringify(faults)).toEqual(['not-judged', 1]);
    // before 16 the server names what would have the right, and not what was refused
    expect(faults[0]?.cause).toMatch(Number(version) >= 16 ? says : new RegExp(`${says}|must be superuser`));
  });

  it('is run by no superuser who only reads the database', () => {
    expect(run.of('planned').faults).toEqual([]);
    expect(existsSync(marker)).toBe(false);
  });
});

describe('foreign text in oneroof check', () => {
  const value = 'a-value-of-a-row';
  const hostile: readonly Written[] = [
    { name: 't', up: 'create table t (id int primary key, a text);', down: 'drop table t;' },
    {
      name: 'value_in_key',
      up: `insert into t values (-1, '${value}'); create unique index on t ((1)) where a = '${value}'; insert into t values (-2, '${value}');`,
      down: 'select 1;',
    },
    {
      name: 'value_in_cast',
      up: `insert into t values (-1, '${value}'); alter table t alter a type int using a::int;`,
      down: 'select 1;',
    },
    {
      name: 'value_raised',
      up: `do $$ begin raise exception 'secret %', (select '${value}'::text); end $$;`,
      down: 'select 1;',
    },
    { name: 'value_lost', up: `insert into t values (-1, '${value}');`, down: 'delete from t;' },
    { name: 'escape', up: 'create table "x\u001b[2Jy" (id int);', down: 'drop table "x\u001b[2Jz";' },
  ];

  it('shows no value of a row unless --show-values, and no escape sequence', { timeout: 500_000 }, () =>
    withFiles(golangMigrate(hostile), (folder) => {
      const { stdout, stderr, status } = oneroof(['check', folder, '--all', '--no-cache']);
      expect(status).toBe(1);
      const said = `${stdout}${stderr}`.replaceAll(/^ {4}insert .*$/gm, '');
      expect(said).not.toContain(value);
      expect(said).not.toContain('\u001b[2J');
      expect(said).toContain(String.raw`x\u{1b}[2Jz`);
      expect(oneroof(['check', folder, '--all', '--no-cache', '--show-values']).stdout).toContain(value);
    }),
  );
});

describe('oneroof check that is interrupted', () => {
  // so many that a second server judges, too
  const sleeping = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, up: 'select pg_sleep(600);', down: 'select 1;' }));
  it('ends its servers and leaves nothing behind', { timeout: 300_000 }, () =>
    withFiles(golangMigrate(sleeping), async (folder) => {
      // as /tmp is: the server runs as another user, who removes its own folders
      chmodSync(folder, 0o1777);
      const ours = (): string[] => readdirSync(folder).filter((name) => name.startsWith('oneroof-'));
      const child = spawn(process.execPath, [cli, 'check', folder, '--all', '--no-cache', '--jobs', '2'], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (chunk) => (said += String(chunk)));
      const sleeps = (): boolean =>
        ours().filter((name) => {
          const log = join(folder, name, 'server.log');
          return existsSync(log) && readFileSync(log, 'utf8').includes('ready to accept connections');
        }).length === 2;
      while (!sleeps() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
      await new Promise((resolve) => setTimeout(resolve, 3000));
      child.kill('SIGINT');
      const [status] = (await once(child, 'exit')) as [number | null];
      expect([status, said]).toEqual([4, expect.stringContaining('SIGINT interrupted the command')]);
      expect(ours()).toEqual([]);
    }),
  );

  it.each(['before its command runs', 'while its command runs', 'while its command fails of it'])(
    'says so, and not that the recording failed: %s',
    { timeout: 300_000 },
    (when) =>
      withFiles(golangMigrate([{ name: 'a', up: 'select 1;', down: 'select 1;' }]), async (folder) => {
        chmodSync(folder, 0o1777);
        const started = join(folder, 'started');
        const command = when.includes('fails')
          ? `touch ${started}; sleep 1; exit 3`
          : `touch ${started}; exec sleep 600`;
        const child = spawn(process.execPath, [cli, 'check', folder, '--json', '--record', command], {
          env: { ...process.env, TMPDIR: folder },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        let said = '';
        child.stdout.on('data', (chunk) => (said += String(chunk)));
        const begun = (): boolean =>
          when.includes('before')
            ? readdirSync(folder).some((name) => existsSync(join(folder, name, 'server.log')))
            : existsSync(started);
        while (!begun() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
        child.kill('SIGINT');
        const [status] = (await once(child, 'close')) as [number | null];
        expect([status, JSON.parse(said)]).toMatchObject([4, { problems: [{ code: 'INTERRUPTED' }] }]);
        expect(existsSync(started)).toBe(!when.includes('before'));
        expect(readdirSync(folder).filter((name) => name.startsWith('oneroof-'))).toEqual([]);
      }),
  );
});
