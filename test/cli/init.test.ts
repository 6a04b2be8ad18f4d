import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/people/index.ts';
import { readSetup, targetOf } from '../../src/setup/index.ts';
import { runSql, versions, withDatabase } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { oneroof } from './run.io.ts';
import { hasTerminals } from './session.io.ts';

const bare = { DATABASE_URL: '', PGHOST: '', PGDATABASE: '', PGSERVICE: '' };

describe.each(versions)('oneroof init on PostgreSQL %s', (version) => {
  it('reads schemas and owners of the database that the environment names, and writes no password', () =>
    withDatabase(version, (database) =>
      withFolder({}, async (folder) => {
        const owner = `owner_${database.database}`;
        await runSql(database, [
          `create role ${owner}`,
          `create schema "My App" authorization ${owner}`,
          `set role ${owner}`,
          'create table "My App".t (i integer)',
          'reset role',
          'create table public.u (i integer)',
        ]);
        try {
          const host = encodeURIComponent(database.host);
          const env = { ...bare, DATABASE_URL: `postgres://postgres:s3cret@/${database.database}?host=${host}` };
          const { status, stdout, stderr } = oneroof(['init'], { folder, env });
          expect([status, stdout]).toEqual([0, 'oneroof.yaml\npolicy.yaml\n']);
          expect(stderr).toContain(`schemas My App, public; table owners ${owner}, postgres`);
          expect(stderr).toContain("next: oneroof grants --schema 'My App,public' > observer.sql");
          const text = readFileSync(join(folder, 'oneroof.yaml'), 'utf8');
          for (const word of ['directus', 's3cret', 'DATABASE?', 'HOST:']) expect(text).not.toContain(word);
          const { observer } = targetOf(await readSetup(folder, {}));
          expect(observer).toMatchObject({
            host: database.host,
            database: database.database,
            user: 'oneroof_observer',
          });
          const own = `look_${database.database}`;
          const words = ['grants', '--schema', 'My App,public', '--role', own];
          await runSql(
            database,
            [oneroof(words, { folder }).stdout]
              .flatMap((sql) => sql.split(/;\n(?=begin;|do |revoke|grant|commit)/))
              .filter((one) => /^(do|revoke|grant) /.test(one)),
          );
          await runSql(database, [`drop owned by ${own}`, `drop role ${own}`]);
        } finally {
          await runSql(database, [`drop owned by ${owner} cascade`, `drop role ${owner}`]);
        }
      }),
    ));
});

it('says what to fill in where nobody tells of a database, and why one cannot be read', () =>
  withFolder({}, async (folder) => {
    const { stderr, status } = oneroof(['init', 'x'], { folder, env: bare });
    expect(status).toBe(0);
    expect(stderr).toContain('next: fill in HOST and DATABASE in oneroof.yaml, then oneroof grants');
    expect(readFileSync(join(folder, 'oneroof.yaml'), 'utf8')).toContain('# fill in HOST and DATABASE');
    rmSync(join(folder, 'oneroof.yaml'));
    const url = 'postgres://me@127.0.0.1:1/it"s%20mine';
    const refused = oneroof(['init', '--url', url], { folder, env: bare });
    expect(refused.status).toBe(0);
    expect(refused.stderr).toMatch(/could not read its schemas: .*no server answers there/);
    expect(targetOf(await readSetup(folder, {})).observer).toMatchObject({ database: 'it"s mine', port: 1 });
    const secret = oneroof(['init', '--url', 'postgres://me:s3cret@h/d', '--json'], { folder, env: bare });
    expect(JSON.parse(secret.stdout)).toMatchObject({ exit: 2, problems: [{ code: 'ALREADY_EXISTS' }] });
    rmSync(join(folder, 'oneroof.yaml'));
    const again = oneroof(['init', '--url', 'postgres://me:s3cret@h/d'], { folder, env: bare });
    expect([again.status, again.stderr.includes('s3cret')]).toEqual([2, false]);
    expect(again.stderr).toContain('[SECRET_ON_COMMAND_LINE]');
    expect(existsSync(join(folder, 'oneroof.yaml'))).toBe(false);
  }));

it('writes nothing where the folder holds a release already, or cannot be written', () =>
  withFolder({ 'mine/release.yaml': 'format: 1\n', 'barred/tiers': 'a file' }, async (folder) => {
    for (const [name, code] of [
      ['mine', 'ALREADY_EXISTS'],
      ['barred', 'FILE_UNREADABLE'],
    ] as const) {
      const { status, stderr } = oneroof(['init', name], { folder, env: bare });
      expect([status === 0, stderr]).toEqual([false, expect.stringContaining(`[${code}]`)]);
      expect(readdirSync(folder).toSorted()).toEqual(['barred', 'mine']);
      expect([readdirSync(join(folder, 'mine')), readdirSync(join(folder, 'barred'))]).toEqual([
        ['release.yaml'],
        ['tiers'],
      ]);
    }
    expect(oneroof(['init', 'other'], { folder, env: bare }).status).toBe(0);
    expect(existsSync(join(folder, 'oneroof.yaml'))).toBe(true);
  }));

it.skipIf(!hasTerminals).each([
  ['postgres://me@127.0.0.1:1/shop\n', { host: '127.0.0.1', database: 'shop' }],
  ['\n', { host: 'HOST' }],
  // Ctrl-D
  ['\u0004', { host: 'HOST' }],
  // Ctrl-C
  ['\u0003', null],
])('asks a person on a terminal, who answers %j', (input, expected) =>
  withFolder({}, async (folder) => {
    const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
    // typed once the question is there: before, the terminal would take Ctrl-C for another process
    const typed = `(sleep 4; printf '%b' "$TYPED"; sleep 4) | script -qefc "'${process.execPath}' '${main}' init" /dev/null`;
    const { stdout } = spawnSync('sh', ['-c', typed], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, ...bare, TYPED: input },
    });
    expect(stdout).toContain('Address of the database');
    if (expected !== null) expect(targetOf(await readSetup(folder, {})).observer).toMatchObject(expected);
    else expect([stdout.includes('[INTERRUPTED]'), existsSync(join(folder, 'oneroof.yaml'))]).toEqual([true, false]);
  }),
);

it('policy init writes a policy that is valid, for this machine or for production, and never over a file', () =>
  withFolder({ 'oneroof.yaml': 'targets: { production: {} }\n' }, async (folder) => {
    const run = (...words: string[]) => oneroof(words, { folder });
    const made = run('policy', 'init');
    expect([made.status, made.stdout]).toEqual([0, `${join(folder, 'policy.yaml')}\n`]);
    expect(made.stderr).toContain('oneroof enrol --first --person ana --name "Ana" --level 4');
    expect(run('policy', 'check').stdout).toContain('not for production');
    writeFileSync(join(folder, 'policy.yaml'), 'mine');
    expect(run('policy', 'init').stderr).toContain('[ALREADY_EXISTS]');
    expect(readFileSync(join(folder, 'policy.yaml'), 'utf8')).toBe('mine');
    expect(run('policy', 'init', '--out', 'next.yaml', '--origin', 'https://gate.acme.com').status).toBe(0);
    expect(readPolicy(join(folder, 'next.yaml'))).toMatchObject({ production: true, rpId: 'gate.acme.com' });
    for (const origin of ['http://gate.acme.com', 'https://gate.acme.com/', 'https://localhost', 'gate'])
      expect(run('policy', 'init', '--out', 'o.yaml', '--origin', origin).stderr).toContain('[USAGE]');
    expect(run('registry', 'check').stderr).toMatch(
      /registry\.json does not exist \[CONFIG_NOT_FOUND\]\nhint: `oneroof enrol --first /,
    );
  }));
