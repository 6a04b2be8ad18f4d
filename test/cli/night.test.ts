import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { type Place, withPlace } from '../runbooks/place.io.ts';

/** A shop: tables of partitions that a nightly job grows, and columns that were dropped long ago. */
const application = [
  'reset role',
  'create schema app authorization app_owner',
  'grant usage on schema app to public',
  'set role app_owner',
  'create table app.orders (id bigint primary key, gone text, channel text, at timestamptz not null default now())',
  'alter table app.orders drop column gone',
  "insert into app.orders select n, 'web' from generate_series(1, 50) n",
  'create table app.events (id bigint not null, at date not null, kind text, primary key (id, at)) partition by range (at)',
  "create table app.events_2026_10 partition of app.events for values from ('2026-10-01') to ('2026-11-01')",
  "create table app.events_2026_11 partition of app.events for values from ('2026-11-01') to ('2026-12-01')",
  "insert into app.events values (1, '2026-10-03', 'x'), (2, '2026-11-04', 'y')",
  'create table app.logs (at date not null, text text) partition by range (at)',
  "create table app.logs_2026_11 partition of app.logs for values from ('2026-11-01') to ('2026-12-01')",
  'create table app.customers (id bigint primary key, name text, old text)',
];

const files = {
  'release.yaml': `format: 1
name: small
title: Orders and events know their region
database: shop
touches: [app.orders, app.events, app.events_2026_10, app.events_2026_11, app.regions]
expects: { partitionsOf: [app.events] }
settings: { searchPath: [app] }
authors:
  - { name: agent, kind: agent, instructedBy: ira }
tiers:
  - { id: 1-columns, title: Columns }
  - { id: 2-index, title: Index, transaction: each }
`,
  'tiers/1-columns/up.sql': `create table regions (region text primary key);
insert into regions values ('eu');
alter table orders add column region text references regions;
alter table events add column region text default 'eu';
update orders set region = 'eu' where channel = 'web';
`,
  'tiers/1-columns/down.sql': `alter table events drop column region;
alter table orders drop column region;
drop table regions;
`,
  'tiers/2-index/up.sql': `create index orders_region on orders (region);
alter table orders alter channel set default 'web';
`,
  'tiers/2-index/down.sql': `alter table orders alter channel drop default;
drop index if exists orders_region;
`,
};

/** What happens in a night, by jobs, other teams and an operator with a slow query; `n` tells one night from another. */
const night = (n: number): readonly string[] => [
  'set role app_owner',
  `create table app.logs_2027_0${n} partition of app.logs for values from ('2027-0${n}-01') to ('2027-0${n + 1}-01')`,
  `create table app.events_2027_0${n} partition of app.events for values from ('2027-0${n}-01') to ('2027-0${n + 1}-01')`,
  `create table app.baskets_${n} (id bigint generated always as identity primary key, customer bigint references app.customers, body jsonb)`,
  `create function app.tidy_${n}() returns trigger language plpgsql as 'begin return new; end'`,
  `create trigger tidy before insert on app.baskets_${n} for each row execute function app.tidy_${n}()`,
  `create view app.names_${n} as select name from app.customers`,
  `create index customers_name_${n} on app.customers (name)`,
  // of a column that came and went only its number is left, on the released table too
  ...['customers', 'orders', 'events'].flatMap((table) => [
    `alter table app.${table} add column tried_${n} text`,
    `alter table app.${table} drop column tried_${n}`,
  ]),
  `alter table app.orders alter channel set statistics ${n * 100}`,
  'reindex table concurrently app.orders',
  'reset role',
  'vacuum analyze',
];

const within = (version: (typeof versions)[number], use: (place: Place) => Promise<void>): Promise<void> =>
  withDatabase(version, (database) =>
    withPlace(version as '15' | '18', { database, release: files, application }, use),
  );

/** Types a line that must work, or must be refused. */
const at = ({ type }: Place) => {
  const run = async (line: string, expected: 0 | 1): Promise<string> => {
    const { status, stdout, stderr } = await type(line);
    expect(status, `${line}\n${stdout}${stderr}`).toBe(expected);
    return stdout;
  };
  return { works: (line: string) => run(line, 0), refused: (line: string) => run(line, 1) };
};

describe.each(versions)('an operator at night, on PostgreSQL %s', (version) => {
  it('rolls out and back whatever others did meanwhile, and is told what is in the way', { timeout: 240_000 }, () =>
    within(version, async (place) => {
      const { works, refused } = at(place);
      const jobs = (texts: readonly string[]) => runSql(place.gated.database, texts);
      const byHand = 'index app.orders_at did not exist in rehearsal';

      // before the rollout
      await jobs(night(1));
      for (const line of ['gate release', 'report release', 'rollout release --dry-run'])
        expect(await works(`oneroof ${line}`)).not.toMatch(
          /(did not exist|but existed) in rehearsal|in rehearsal it was/,
        );
      await jobs(['set role app_owner', 'create index orders_at on app.orders (at)']);
      for (const line of ['gate release', 'report release', 'rollout release --dry-run', 'rollout release'])
        expect(await refused(`oneroof ${line}`)).toContain(byHand);
      await jobs(['drop index app.orders_at']);
      // what others did is shown, and closes nothing
      expect(await works('oneroof gate release')).toContain('the release does not depend on these changes');
      await works('oneroof rollout release');

      // and after it
      await jobs(night(2));
      for (const line of ['gate release', 'report release', 'rollback release --dry-run'])
        expect((await place.type(`oneroof ${line}`)).stdout).not.toMatch(
          /(did not exist|but existed) in rehearsal|in rehearsal it was/,
        );
      await jobs(['set role app_owner', 'create index orders_at on app.orders (at)']);
      expect(await refused('oneroof rollback release')).toContain(`schema: ${byHand}`);
      expect((await place.type('oneroof gate release')).stdout).toContain(byHand);
      await jobs(['drop index app.orders_at']);
      await works('oneroof rollback release');
      expect(await columnsOf(place)).toBe(
        'events: at, id, kind; events_2026_10: at, id, kind; events_2026_11: at, id, kind; events_2027_01: at, id, kind; events_2027_02: at, id, kind; orders: at, channel, id',
      );
    }),
  );

  it('is told of a new partition that has something of its own', { timeout: 240_000 }, () =>
    within(version, async (place) => {
      const { works, refused } = at(place);
      const jobs = (texts: readonly string[]) => runSql(place.gated.database, ['set role app_owner', ...texts]);
      await jobs([...night(1).slice(0, 3), 'create index own on app.events_2027_01 (kind)']);
      for (const line of ['gate release', 'report release', 'rollout release'])
        expect(await refused(`oneroof ${line}`)).toContain('app.events_2027_01');
      await jobs(['drop index app.own']);
      await works('oneroof rollout release');
      await jobs(['create index own on app.events_2027_01 (kind)']);
      expect(await refused('oneroof rollback release')).toContain('schema: index app.own did not exist in rehearsal');
      await jobs(['drop index app.own']);
      await works('oneroof rollback release');
    }),
  );
});

async function columnsOf({ gated }: Place): Promise<string> {
  return await withSession(gated.database, async (session) => {
    const [row] = await session.query<{ is: string }>(sql`
      select string_agg(t.relname || ': ' || t.columns, '; ' order by t.relname) as is from (
        select c.relname, string_agg(a.attname, ', ' order by a.attname) as columns from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and c.relname ~ '^(orders|events|regions)' and a.attnum > 0 and not a.attisdropped group by 1) t`);
    return row?.is ?? '';
  });
}
