import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CloneHost, explainOrigin, findCloneProblems, openCloneHost } from '../../src/clone/index.ts';
import { dumpStatements, id, type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { differingObjects, listSchema } from '../../src/fingerprint/index.ts';
import { type CloneSetup, type MaskSetup } from '../../src/setup/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql, versions, withSession } from '../database.io.ts';

/** Found by grep where any byte of it is left: in tables, TOAST, indexes, statistics, WAL. */
const planted = 'Zq7PlantedValue';

const tables = [
  'create schema app',
  'create schema "Odd.Name"',
  `create domain app.mail as text check (value like '%@%')`,
  `create table app.users (id integer primary key, email app.mail unique not null, name text, notes text, born date,
    low text generated always as (lower(email::text)) stored, constraint named check (name <> ''))`,
  'alter table app.users alter notes set storage external',
  'create index on app.users (lower(name))',
  `create index on app.users (id) where name like '${planted}%'`.replace(planted, 'Zq7'),
  'create statistics app.both (mcv) on name, born from app.users',
  `insert into app.users select g, '${planted}' || g || '@example.org', '${planted}' || g % 3, repeat('${planted} ', 1000), '2000-01-01' from generate_series(1, 60) g`,
  `update app.users set name = name || 'x' where id < 10`,
  `insert into app.users values (1000, 'none@example.org', null, null, null)`,
  `create table app.events (id integer, who text, at integer, primary key (id, at)) partition by range (at)`,
  'create table app.events_1 partition of app.events for values from (0) to (50)',
  'create table app.events_2 partition of app.events default',
  `insert into app.events select g, '${planted}' || g % 4, g from generate_series(1, 100) g`,
  'create table app.parent (word text)',
  'create table app.child (more integer) inherits (app.parent)',
  `insert into app.child select '${planted}' || g % 2, g from generate_series(1, 100) g`,
  `create table "Odd.Name"."a ""b""" ("x y" text, "select" integer)`,
  `insert into "Odd.Name"."a ""b""" values ('${planted}', 1)`,
  'create view app.named as select name from app.users',
  'create materialized view app.names as select name, count(*) as n from app.named group by 1',
  'create materialized view app.second as select name from app.names',
  'create table app.audit (what text)',
  `create function app.note() returns trigger language plpgsql as $$ begin insert into app.audit values ('row'); return new; end $$`,
  'create trigger plain before update on app.users for each row execute function app.note()',
  'create trigger always before update on app.users for each row execute function app.note()',
  'alter table app.users enable always trigger always',
  'create trigger part after update on app.events for each row execute function app.note()',
  'alter table app.events_1 enable replica trigger part',
  `create rule told as on update to app.parent do also insert into app.audit values ('rule')`,
  'alter table app.parent enable always rule told',
  `create function app.said() returns event_trigger language plpgsql as $$ begin if tg_tag = 'REFRESH MATERIALIZED VIEW' or tg_tag = 'ALTER TABLE' then insert into app.audit values (tg_tag); end if; end $$`,
  'analyze',
];

const mask: MaskSetup = {
  columns: [
    { column: 'app.users.email', expression: "'user' || id || '@example.org' -- for people" },
    { column: 'APP.Users.name', expression: "'N.' || (select count(*) from app.events)" },
    { column: 'app.users.notes', expression: 'null' },
    { column: 'app.events.who', expression: "'W' || id" },
    { column: 'app.parent.word', expression: 'pg_catalog.md5(word)' },
    { column: '"Odd.Name"."a ""b"""."x y"', expression: '"select"::text' },
  ],
};

interface Source {
  readonly server: Server;
  readonly folder: string;
  setup(provider: 'dump' | 'physical' | 'template', mask?: MaskSetup): CloneSetup;
}

async function withSource(version: Version, use: (source: Source) => Promise<void>): Promise<void> {
  const server = await startTemporaryServer({ binaries: binariesOf(version), settings: { log_statement: 'all' } });
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-masks-'));
  chmodSync(folder, 0o755);
  try {
    await runSql(server.connection('postgres'), ['create database shop']);
    await runSql(server.connection('shop'), [...tables, ...dumpStatements('oneroof_dump')]);
    await use({
      server,
      folder,
      setup: (provider, masks) => {
        const base = {
          folder: join(folder, provider),
          bin: binariesOf(version).folder,
          ...(masks === undefined ? {} : { mask: masks }),
        };
        const dump = { ...server.connection('shop'), user: 'oneroof_dump' };
        if (provider === 'dump')
          return { provider, ...base, dump, jobs: 2, maxRate: null, maxSnapshotAge: 600_000 as never };
        if (provider === 'physical')
          return { provider, ...base, backup: server.connection('shop'), dataDirectory: null };
        return {
          provider,
          admin: server.connection('postgres'),
          source: 'shop',
          sameServer: true,
          ...(masks === undefined ? {} : { mask: masks }),
        };
      },
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withClones<T>(setup: CloneSetup, use: (host: CloneHost) => Promise<T>): Promise<T> {
  const host = await openCloneHost(setup);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

/** The files below a folder that hold the planted value in any case. */
function holding(folder: string): readonly string[] {
  const { stdout, status } = spawnSync('grep', ['-rliaF', planted, folder], { encoding: 'utf8' });
  expect(status).toBeLessThan(2);
  return stdout.split('\n').filter((line) => line !== '');
}

const contents = sql`
  select (select count(*)::text from app.audit) as audit, (select string_agg(distinct name, ',') from app.users) as names,
    (select email::text || ' ' || low from app.users where id = 7) as mail, (select count(notes)::text from app.users) as notes,
    (select count(*)::text from app.users where name is null) as nameless, (select who from app.events_2 where id = 77) as who,
    (select count(*)::text from app.child where word ~ '^[0-9a-f]{32}$') as words, (select "x y" from "Odd.Name"."a ""b""") as odd,
    (select string_agg(name, ',' order by name) from app.second) as views,
    (select string_agg(tgname || tgenabled::text, ',' order by tgname, tgenabled) from pg_trigger where not tgisinternal) as triggers,
    (select string_agg(ev_enabled::text, '') from pg_rewrite where rulename = 'told') as rules,
    (select count(*)::text from pg_stats where tablename = 'users' and attname = 'name') as stats,
    (select count(*)::text from pg_stats_ext where statistics_name = 'both') as ext`;

const masked = {
  audit: '0',
  names: 'N.100',
  mail: 'user7@example.org user7@example.org',
  notes: '0',
  nameless: '0',
  who: 'W77',
  words: '100',
  odd: '1',
  views: 'N.100',
  triggers: 'alwaysA,partO,partO,partR,plainO',
  rules: 'A',
  stats: '1',
  ext: '1',
};

describe.each(versions)('PostgreSQL %s: a masked golden copy', (version) => {
  test.each(['dump', 'physical'] as const)(
    'by %s has no old value in any file of its server',
    { timeout: 300_000 },
    async (provider) => {
      await withSource(version, async ({ server, folder, setup }) => {
        if (provider === 'physical') {
          // what a production of some years has beside its tables: logs, files that a crash left
          mkdirSync(join(server.data, 'mylogs'));
          writeFileSync(join(server.data, 'mylogs', 'a.log'), planted);
          const [row] = await withSession(server.connection('shop'), (session) =>
            session.query<{ oid: string }>(sql`select oid::text as oid from pg_database where datname = 'shop'`),
          );
          writeFileSync(join(server.data, 'base', row?.oid ?? '', '99999'), planted);
          spawnSync('chown', [
            '-R',
            '--reference',
            join(server.data, 'PG_VERSION'),
            join(server.data, 'mylogs'),
            join(server.data, 'base', row?.oid ?? '', '99999'),
          ]);
        }
        const plain = setup(provider);
        await withClones(plain, (host) => host.makeGolden({}));
        // the grep finds what is there
        expect(holding(folder).length).toBeGreaterThan(3);
        const masking = setup(provider, mask);
        expect(await findCloneProblems(masking, [])).toEqual([]);
        await withClones(masking, async (host) => {
          const refused = { code: 'CLONE_MASK_STALE' };
          await expect(host.golden()).rejects.toMatchObject(refused);
          await expect(host.makeClone({ purpose: 'p', owner: 'o', hours: 1 })).rejects.toMatchObject(refused);
          await expect(host.readGolden(async () => undefined)).rejects.toMatchObject(refused);
          await expect(host.once('a', async () => '')).rejects.toMatchObject(refused);
          expect(await host.list()).toEqual([]);
          const golden = await host.makeGolden({});
          expect(golden.proofLevel).toBe(provider === 'dump' ? 'exact' : 'lineage');
          expect(golden.masks?.columns.map(({ rows, unchanged }) => [rows, unchanged])).toEqual([
            [61, 0],
            [61, 0],
            [61, 0],
            [100, 0],
            [100, 0],
            [1, 0],
          ]);
          expect(explainOrigin(golden)[0]).toBe(
            'masked: app.users.email, APP.Users.name, app.users.notes, app.events.who, app.parent.word, "Odd.Name"."a ""b"""."x y": not as in production, and their tables are written and analysed again',
          );
          const clone = await host.makeClone({ purpose: 'p', owner: 'o', hours: 1 });
          await withSession(clone.connection, async (session) => {
            const [row] = await session.query(contents);
            expect(row).toEqual(masked);
            const source = await withSession(server.connection('shop'), listSchema);
            expect(differingObjects(source, await listSchema(session))).toEqual([]);
          });
          await host.drop(clone.lease.database);
        });
        expect(holding(folder)).toEqual([]);
        expect(readdirSync(join(folder, provider))).toEqual(['generation-2']);
        await withClones(plain, async (host) => {
          await expect(host.golden()).rejects.toMatchObject({ code: 'CLONE_MASK_STALE' });
        });
      });
    },
  );

  test('by template is masked before anyone can connect', { timeout: 300_000 }, async () => {
    await withSource(version, async ({ server, setup }) => {
      await withClones(setup('template', mask), async (host) => {
        const golden = await host.makeGolden({});
        const clone = await host.makeClone({ purpose: 'p', owner: 'o', hours: 1 });
        await withSession(clone.connection, async (session) => {
          const [row] = await session.query(contents);
          expect(row).toEqual(masked);
          expect(
            await session.query(
              sql`select from pg_stats where histogram_bounds::text || most_common_vals::text like ${`%${planted}%`}`,
            ),
          ).toEqual([]);
        });
        const [state] = await withSession(server.connection('postgres'), (session) =>
          session.query(
            sql`select datallowconn::text as may, datconnlimit as most, datistemplate::text as template from pg_database where datname = ${golden.database}`,
          ),
        );
        expect(state).toMatchObject({ may: 'false', most: '-1', template: 'true' });
        await host.drop(clone.lease.database);
      });
      await withClones(setup('template'), async (host) => {
        await expect(host.makeClone({ purpose: 'p', owner: 'o', hours: 1 })).rejects.toMatchObject({
          code: 'CLONE_MASK_STALE',
        });
      });
      const broken: MaskSetup = { columns: [{ column: 'app.users.email', expression: "'a@b'" }] };
      await withClones(setup('template', broken), async (host) => {
        await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_MASK_FAILED' });
      });
      const names = await withSession(server.connection('postgres'), (session) =>
        session.query(sql`select datname as name from pg_database where datname like 'oneroof%' order by 1`),
      );
      expect(names).toEqual([{ name: 'oneroof_shop_g1' }]);
    });
  });
});
void [appendFileSync, existsSync, id];
