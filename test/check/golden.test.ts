import { createHash } from 'node:crypto';
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
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { observerStatements, type Server, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { type Answer, oneroof } from '../cli/run.io.ts';
import { newest, runSql } from '../database.io.ts';
import { checked, golangMigrate, type Written } from './repository.io.ts';

const secret = 'Ada Lovelace 4711';

/** A production whose tool has run the first migration, as `app`. */
const production = [
  'create table orders (id int primary key, payload jsonb, note text)',
  `insert into orders select g, '{"kind": "plain"}', '${secret}' || g from generate_series(1, 500) g`,
  `insert into orders values (0, '{"kind": "odd"}', '${secret}')`,
  'create table schema_migrations (version bigint not null primary key, dirty boolean not null)',
  'insert into schema_migrations values (1, false)',
  'alter table orders owner to app',
  'alter table schema_migrations owner to app',
  // what would let foreign SQL become the superuser of the copy
  `create function run_as_superuser(what text) returns void language plpgsql security definer as $$ begin execute what; end $$`,
  'create extension dblink',
  'create extension postgres_fdw',
  'grant usage on foreign data wrapper postgres_fdw to app',
  'create server loop foreign data wrapper postgres_fdw',
  'alter server loop owner to app',
  `create user mapping for app server loop options (user 'postgres', password_required 'false')`,
  'revoke execute on all functions in schema public from public',
  'grant execute on all functions in schema public to app',
  'grant pg_execute_server_program, pg_read_all_settings to app',
];

const first: Written = {
  name: 'orders',
  up: 'create table orders (id int primary key, payload jsonb, note text);',
  down: 'drop table orders;',
};

interface Place {
  readonly server: Server;
  readonly folder: string;
  setup(more?: string): void;
  write(migrations: readonly Written[]): void;
  run(...words: readonly string[]): Answer;
}

async function withProduction(version: Version, use: (place: Place) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-golden-'));
  // the server of clones does not run as root
  chmodSync(folder, 0o755);
  const server = await startTemporaryServer({ binaries: binariesOf(version) });
  const url = (user: string): string =>
    `postgres://${user}@/shop?host=${encodeURIComponent(server.connection('postgres').host)}`;
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  const setup = (more = ''): void =>
    write({
      'oneroof.yaml': `targets:\n  production: { url: "${url('look')}" }\n  other: { url: "${url('look').replace('/shop', '/postgres')}" }\nclone:\n  provider: physical\n  backup: { url: "${url('postgres')}" }\n  folder: clones\n  bin: ${binariesOf(version).folder}\n${more}`,
    });
  try {
    await runSql(server.connection('postgres'), [
      'create role look login',
      'create role app login',
      'create database shop owner app',
      ...observerStatements('look', []),
    ]);
    await runSql(server.connection('shop'), [...production, ...observerStatements('look', ['public'])]);
    setup();
    await use({
      server,
      folder,
      setup,
      write: (migrations) => {
        rmSync(join(folder, 'migrations'), { recursive: true, force: true });
        write(golangMigrate([first, ...migrations]));
      },
      run: (...words) => oneroof([...words, '--folder', folder], { folder }),
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A digest of all files of the golden database. */
function digestOf(folder: string, oid: string): string {
  const hash = createHash('sha256');
  const files = join(folder, 'clones', 'generation-1', 'data', 'base', oid);
  for (const name of readdirSync(files).toSorted()) hash.update(name).update(readFileSync(join(files, name)));
  return hash.digest('hex');
}

it.each(newest)(
  'PostgreSQL %s: what is pending in a golden copy is judged on its rows, shows none of them, and changes nothing of it',
  { timeout: 580_000 },
  async (version) => {
    await withProduction(version, (place) => {
      const { folder, run } = place;
      // where the user of the server may write
      mkdirSync(join(folder, 'open'));
      chmodSync(join(folder, 'open'), 0o777);
      const made = join(folder, 'open', 'made');
      place.write([
        {
          name: 'dblink',
          up: `do $$ begin perform dblink_connect_u('a', 'dbname=template1 user=oneroof_admin host=' || current_setting('unix_socket_directories')); end $$;`,
          down: 'select 1;',
        },
        {
          name: 'fdw',
          up: [
            `do $$ begin execute format('alter server loop options (add host %L, add dbname %L)', current_setting('unix_socket_directories'), 'template1'); end $$;`,
            'create schema far; import foreign schema pg_catalog limit to (pg_authid) from server loop into far;',
          ].join('\n'),
          down: 'drop schema far cascade;',
        },
        { name: 'note', up: 'alter table orders drop column note;', down: 'alter table orders add column note text;' },
        { name: 'column', up: 'alter table orders add column more int;', down: 'alter table orders drop column more;' },
        {
          name: 'program',
          up: `copy orders to program 'touch ${made}';`,
          down: 'select 1;',
        },
        {
          name: 'definer',
          up: `select run_as_superuser($$copy orders to program 'touch ${made}'$$);`,
          down: 'select 1;',
        },
        { name: 'role', up: 'create role left_behind;', down: 'drop role left_behind;' },
        {
          name: 'odd',
          up: `alter table orders add constraint plain check (payload ->> 'kind' is distinct from 'odd');`,
          down: 'alter table orders drop constraint plain;',
        },
      ]);
      const none = run('check', folder, '--against', 'production');
      expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('[CLONE_NO_GOLDEN]')]);
      const golden = JSON.parse(run('clone', 'golden', '--json').stdout) as {
        golden: { source: { databaseOid: string }; database: string };
      };
      const oid = golden.golden.source.databaseOid;
      const before = digestOf(folder, oid);

      const words = ['--folder', folder, '--against', 'production'];
      const found = checked(folder, words);
      expect(found.result.scope).toEqual({
        which: 'pending',
        why: 'those that golang-migrate would run next in the golden copy of production, by its public.schema_migrations',
      });
      expect(found.result.golden).toMatchObject({ of: 'production', level: 'lineage', masked: [], role: 'app' });
      expect(found.result.server).toMatchObject({ network: 'none', role: 'owner' });
      expect(found.result.rows.rows).toBeGreaterThanOrEqual(500);
      const verdicts = Object.fromEntries(
        found.result.migrations.map(({ name, verdict }) => [name.replace(/^\d+_/, ''), verdict]),
      );
      expect(verdicts).toMatchObject({
        odd: 'up-fails-on-rows',
        note: 'data-lost',
        column: 'clean',
        program: 'not-judged',
        definer: 'not-judged',
        dblink: 'up-fails',
      });
      expect(found.of('note').faults[0]?.cause).toContain('public.orders.note has lost its value in at least 501 rows');
      expect(found.of('column').hazards).toEqual([]);
      expect(found.of('note').hazards[0]?.production?.bytes).toBeGreaterThan(0);

      for (const name of ['program', 'definer'])
        expect(found.of(name).faults[0]?.cause).toMatch(
          /permission denied to COPY to or from an external program|must be superuser or have privileges of the pg_execute_server_program role/,
        );
      expect(found.of('dblink').faults[0]?.cause).toContain('[SQLSTATE 2F003]');
      expect(found.of('fdw').faults[0]?.cause).toContain('could not connect to server "loop"');

      // nothing of it is left, nothing of it was reached, nothing of a row is told
      expect(existsSync(made)).toBe(false);
      expect(readdirSync(join(folder, 'clones'))).toEqual(['generation-1']);
      expect(digestOf(folder, oid)).toBe(before);
      const again = oneroof(['check', folder, ...words, '--markdown', join(folder, 'a.md')], { folder });
      const said =
        found.stdout + found.stderr + again.stdout + again.stderr + readFileSync(join(folder, 'a.md'), 'utf8');
      expect(said).not.toContain('4711');
      expect(again.stdout).toMatch(
        /rows: golden copy of production, of .* UTC, .* old, lineage; not masked; migrations run as app, without superuser\n/,
      );

      // the same on synthetic rows
      const synthetic = checked(folder, ['--all']);
      expect(synthetic.of('odd').verdict).toBe('clean');
    });
  },
);

it.each(newest)(
  'PostgreSQL %s: a golden copy that is too old, of another database, or on a server that is not ours is refused, and masks are said',
  { timeout: 580_000 },
  async (version) => {
    await withProduction(version, (place) => {
      const { folder, run, setup } = place;
      place.write([
        { name: 'column', up: 'alter table orders add column more int;', down: 'alter table orders drop column more;' },
      ]);
      const mask = `  mask:\n    columns:\n      public.orders.note: "'note ' || id"\n`;
      setup(mask);
      expect(run('clone', 'golden').status).toBe(0);
      const refused = (...words: readonly string[]): readonly (number | string | null)[] => {
        const { status, stderr } = run('check', folder, ...words);
        return [status, /\[([A-Z_]+)\]/.exec(stderr)?.[1] ?? stderr];
      };
      const found = checked(folder, ['--folder', folder, '--against', 'production', '--golden-age', '1h']);
      expect(found.result.golden).toMatchObject({ masked: ['public.orders.note'], role: 'app' });
      expect([found.status, found.of('column').verdict]).toEqual([0, 'clean']);

      expect(refused('--against', 'production', '--golden-age', '1s')).toEqual([2, 'CHECK_GOLDEN_OLD']);
      expect(refused('--against', 'production', '--golden-age', 'old')).toEqual([2, 'USAGE']);
      expect(refused('--against', 'other')).toEqual([2, 'CHECK_GOLDEN_UNFIT']);
      for (const word of ['--all', '--superuser', '--show-values'])
        expect([word, ...refused('--against', 'production', word)]).toEqual([word, 2, 'USAGE']);
      setup();
      expect(refused('--against', 'production')).toEqual([3, 'CLONE_MASK_STALE']);
      const yaml = join(folder, 'oneroof.yaml');
      const text = readFileSync(yaml, 'utf8');
      writeFileSync(
        yaml,
        `${text.slice(0, text.indexOf('clone:'))}clone:\n  provider: template\n  admin: { url: postgres://nobody@127.0.0.1:1/postgres }\n  source: shop\n`,
      );
      expect(refused('--against', 'production')).toEqual([2, 'CHECK_GOLDEN_UNFIT']);
      expect(readdirSync(join(folder, 'clones'))).toEqual(['generation-1']);
    });
  },
);
