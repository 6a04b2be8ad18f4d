import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, observerStatements, type Server, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { runSql, versions } from '../database.io.ts';
import { policyYaml, registry } from '../gate/people.ts';
import { type Answer, oneroof } from './run.io.ts';

/** A server of its own: roles are changed, which all databases of a server share. */
describe.each(versions)("the first hour with a database of one's own, on PostgreSQL %s", (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-first-'));
  let server: Server;
  let count = 0;

  beforeAll(async () => {
    server = await startTemporaryServer({ binaries: binariesOf(version) });
    await runSql(server.connection('postgres'), [
      'create role app login',
      'create role dba login createrole',
      'create role look login',
      'create role plain login',
    ]);
    // the server of clones does not run as root
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'policy.yaml'), policyYaml);
    writeFileSync(join(folder, 'registry.json'), JSON.stringify(registry));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const url = (user: string, database: string): string =>
    `postgres://${user}@/${database}?host=${encodeURIComponent(server.connection('postgres').host)}`;
  const run = (...words: string[]): Answer => oneroof(words, { folder });
  const setup = (database: string, more: string): void =>
    writeFileSync(
      join(folder, 'oneroof.yaml'),
      `targets:\n  production:\n    url: "${url('look', database)}"\n    admin: { url: "${url('dba', database)}" }\n${more}`,
    );
  const doctor = (): string => run('doctor').stdout;
  const make = async (): Promise<Connection> => {
    const name = `shop${(count += 1)}`;
    await runSql(server.connection('postgres'), [`create database ${name} owner app`]);
    const database = server.connection(name);
    await runSql(database, [
      'set role app',
      'create table public.orders (id serial)',
      'reset role',
      ...observerStatements('look', ['public']),
    ]);
    return database;
  };
  /** The SQL of each fix that is a superuser's. */
  const sqlIn = (said: string): readonly string[] =>
    [...said.matchAll(/^(?:hint:|        ) .*?superuser: (.*?);?$/gm)].flatMap(([, one = '']) => one.split('; '));

  it('asks with the owner of the database for CREATE on public for the application, and misses it else', async () => {
    const database = await make();
    setup(database.database, '');
    const refused = run('install', '--app-owner', 'app', '--apply');
    expect(refused.stderr).toContain('it does not own the database [GATE_RIGHTS]');
    expect(sqlIn(refused.stderr)).toContain('grant create on schema public to app');
    await runSql(database, sqlIn(refused.stderr));
    const installed = run('install', '--app-owner', 'app', '--apply');
    expect([installed.status, installed.stderr]).toEqual([0, '']);
    expect(doctor()).not.toContain('may not create objects in schema');
    // what happens to who makes dba the owner and no more
    const another = await make();
    await runSql(another, [`alter database ${another.database} owner to dba`]);
    setup(another.database, '');
    const text = /app, the role of ratified steps, may not create objects in schema public, which belongs to dba/;
    const warned = run('install', '--app-owner', 'app', '--apply');
    expect(warned.status).toBe(0);
    expect(warned.stderr).toMatch(new RegExp(`warning: ${text.source}`));
    expect(doctor()).toMatch(new RegExp(`problem +gate of production: ${text.source}`));
    const fix = 'grant create on schema public to app;';
    expect(warned.stderr).toContain(`hint: as dba or a superuser: ${fix}`);
    await runSql({ ...another, user: 'dba' }, [fix]);
    expect(doctor()).not.toContain('may not create objects in schema');
  });

  it('says which of relay and executor is not set, cannot log in, or may not do its work', async () => {
    const database = await make();
    setup(database.database, '');
    // nothing is asked for where there is no gate
    expect(doctor()).not.toMatch(/relay|executor/);
    await runSql(database, [
      `alter database ${database.database} owner to dba`,
      'grant create on schema public to app',
      'grant app to dba',
    ]);
    expect(run('install', '--app-owner', 'app', '--apply').status).toBe(0);
    const told = doctor();
    expect(told).toMatch(/problem +relay of production: .* so no one can hand in a signature/);
    expect(told).toMatch(/problem +executor of production: .* so no one can roll out or back/);
    expect(told).toContain('relay: { urlFrom: PRODUCTION_RELAY_URL }');
    const roles = (relay: string, executor: string): void =>
      setup(
        database.database,
        `    relay: { url: "${url(relay, database.database)}" }\n    executor: { url: "${url(executor, database.database)}" }\n`,
      );
    roles('oneroof_rellay', 'plain');
    expect(doctor()).toMatch(/problem +relay of production: .*role "oneroof_rellay" does not exist/);
    expect(doctor()).toMatch(/create role "oneroof_rellay" login/);
    expect(doctor()).toMatch(/problem +executor of production: .* may not call gate\.begin_attempt/);
    roles('oneroof_relay', 'oneroof_executor');
    await runSql(database, ['alter role oneroof_relay nologin']);
    expect(doctor()).toMatch(/problem +relay of production: .*not permitted to log in/);
    await runSql(database, ['alter role oneroof_relay login']);
    expect(doctor()).toMatch(/ok +relay of production: logs in as oneroof_relay/);
    expect(doctor()).toMatch(/ok +executor of production: logs in as oneroof_executor/);
  });

  it('refuses settings of clones that cannot work, with what makes them work', async () => {
    const database = await make();
    const template = (admin: string, more: string): string =>
      `clone: { provider: template, admin: { url: "${admin}" }, ${more} }\n`;
    const told = (clone: string): string => {
      setup(database.database, clone);
      return doctor();
    };
    expect(told(template(url('plain', 'postgres'), `source: ${database.database}`))).toMatch(
      /problem +clones: .*would be made on its own server/,
    );
    const ours = `source: ${database.database}, sameServer: true`;
    const poor = told(template(url('plain', 'postgres'), ours));
    expect(poor).toMatch(/problem +clones: plain, the role of admin, may not create databases/);
    expect(poor).toMatch(/problem +clones: plain, the role of admin, may not copy shop\d+, which app owns/);
    await runSql(database, sqlIn(poor));
    expect(told(template(url('plain', 'postgres'), ours))).toMatch(/ok +clones: provider template/);
    // it is true: a golden copy is made with them
    expect(run('clone', 'golden').status).toBe(0);
    // a session may copy the database that it is connected to itself
    expect(told(template(url('plain', database.database), ours))).not.toMatch(/problem +clones/);
    expect(told(template(url('postgres', 'postgres'), 'source: nowhere, sameServer: true'))).toMatch(
      /problem +clones: the server of admin has no database nowhere to copy/,
    );
    expect(told(template(url('nobody', 'postgres'), ours))).toMatch(/problem +clones: .*role "nobody" does not exist/);
    const physical = (more: string): string =>
      `clone: { provider: physical, backup: { url: "${url('plain', 'postgres')}" }, ${more} }\n`;
    expect(told(physical(`dataDirectory: ${folder}`))).toMatch(
      /problem +clones: the data directory of .* is not readable/,
    );
    chmodSync(folder, 0o700);
    if (process.getuid?.() === 0)
      expect(told(physical(`dataDirectory: "${server.data}"`))).toMatch(/problem +clones: .* cannot be reached by/);
    chmodSync(folder, 0o755);
    const backup = told(physical(`dataDirectory: "${server.data}"`));
    expect(backup).toMatch(/problem +clones: plain, the role of backup, may not call pg_backup_start/);
    await runSql(server.connection('postgres'), sqlIn(backup));
    expect(told(physical(`dataDirectory: "${server.data}"`))).toMatch(/ok +clones: provider physical/);
  });

  it('names tables that row security keeps from the observer, before the gate does, and a way to measure them', async () => {
    const database = await make();
    await runSql(database, [
      'set role app',
      'alter table public.orders enable row level security',
      'alter table public.orders force row level security',
      'reset role',
    ]);
    setup(database.database, 'evidence: evidence-rls\n');
    const files = {
      'release.yaml':
        'format: 1\nname: small\ntitle: Small\ndatabase: shop\ntouches: [public.t]\nmetrics: { rows: rows }\ninvariants: { always: { rows: 0 } }\ntiers: [{ id: 1-first, title: First }]\n',
      'metrics/rows.sql': 'select count(*) from orders\n',
      'tiers/1-first/up.sql': 'create table t (i integer);\n',
      'tiers/1-first/down.sql': 'drop table if exists t;\n',
    };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'small', file)), { recursive: true });
      writeFileSync(join(folder, 'small', file), text);
    }
    expect(run('seal', 'small').status).toBe(0);
    const text = 'row security keeps rows of public.orders (forced) from look, so queries that read them are refused';
    expect(doctor()).toContain(`problem  observer of production: ${text}`);
    const blocked = run('gate', 'small').stdout;
    expect(blocked).toContain(text);
    expect(blocked).toContain('alter role look bypassrls');
    await runSql(database, ['alter role look bypassrls']);
    try {
      expect(doctor()).not.toContain('row security');
      expect(run('gate', 'small').stdout).toMatch(/holds +rows +0/);
      await runSql(database, ['alter role look nobypassrls']);
      // the other way, where ratified steps are to measure it as well: a view that a role with BYPASSRLS owns
      await runSql(database, [
        'create view public.order_count as select count(*) from public.orders',
        'grant select on public.order_count to look',
      ]);
      writeFileSync(join(folder, 'small', 'metrics', 'rows.sql'), 'select count from order_count\n');
      expect(run('seal', 'small').status).toBe(0);
      expect(run('gate', 'small').stdout).toMatch(/holds +rows +0/);
    } finally {
      await runSql(database, ['alter role look nobypassrls']);
    }
  });
});
