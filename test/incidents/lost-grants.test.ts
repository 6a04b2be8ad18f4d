import { describe, expect, it } from 'vitest';
import { expectSaid, withStory } from './story.io.ts';

const view = 'create view v with (security_barrier = true, security_invoker = true) as select id from accounts';
const viewRights = ['grant select on v to public', "comment on view v is 'x'"];
const matview = [
  'create materialized view m as select id from accounts',
  'create unique index m_id on m (id)',
  'grant select on m to public',
];
const table = [
  'create table p (id integer primary key)',
  'alter table p enable row level security',
  'alter table p force row level security',
  'create policy own on p using (true)',
  'grant select on p to public',
  "comment on column p.id is 'key'",
];
const routine = [
  "create function f() returns integer language sql as 'select 1'",
  'revoke execute on function f() from public',
];
const inSchema = ['create table s.t (id integer)', 'grant select on s.t to public'];
const schema = ['create schema s', 'grant usage on schema s to public', ...inSchema];

const production = {
  application: [
    'create table accounts (id integer primary key, name text)',
    "insert into accounts values (1, 'a'), (2, 'a')",
    // what is made again is readable for the observer
    'alter default privileges in schema public grant select on tables to oneroof_observer',
    view,
    ...viewRights,
    ...matview,
    ...table,
    ...routine,
  ],
  before: [
    "do $$ begin execute format('grant create on database %I to app_owner', current_database()); end $$",
    'set role app_owner',
    ...schema,
    'reset role',
  ],
};
const time = { timeout: 300_000 };
const touches = 'public.accounts, public.m, public.p, s.t';
const sql = (...lines: readonly string[]): string => lines.map((line) => `${line};\n`).join('');

describe('an object that is made again without what it had', () => {
  it('is closed to its readers, or open to everyone, where it is made by hand', time, () =>
    withStory(production, async ({ plain }) => {
      const reader = [
        'reset role',
        "do $$ begin if to_regrole('oneroof_reader') is null then create role oneroof_reader; end if; end $$",
        'set role oneroof_reader',
      ];
      const done = (...statements: readonly string[]) => plain(statements, () => Promise.resolve());
      const make = 'create materialized view m as select id from accounts where id > 0';
      await done(...reader, 'select * from m');
      await expect(
        done('set role app_owner', 'drop materialized view m', make, ...reader, 'select * from m'),
      ).rejects.toMatchObject({ code: '42501' });
      const again = ['drop function f()', "create function f() returns integer language sql as 'select 2'"];
      await expect(done(...reader, 'select f()')).rejects.toMatchObject({ code: '42501' });
      await done('set role app_owner', ...again, ...reader, 'select f()');
    }),
  );

  it('is named with each thing that is lost, in the rehearsal and on the page', time, () =>
    withStory(production, async ({ rehearse, run }) => {
      const lostView = 'COMMENT, security_barrier=true, security_invoker=true, GRANT SELECT to PUBLIC';
      const dropView = sql('drop view v', view, ...viewRights);
      const variants: readonly (readonly [up: string, down: string, lost: readonly string[]])[] = [
        [
          sql('create view w as select id from accounts where id > 0', 'drop view v', 'alter view w rename to v'),
          dropView,
          [`view public.v (tiers/1-change/up.sql:2): ${lostView}`],
        ],
        [
          "do $$ begin execute 'drop ' || 'view v'; execute 'create view v as select id from accounts where id > 0'; end $$;\n",
          dropView,
          [`view public.v (tiers/1-change/up.sql:1): ${lostView}`],
        ],
        [
          sql(
            'drop view v',
            'create view v as select id from accounts where id > 0',
            'drop materialized view m',
            'create materialized view m as select id, name from accounts',
            'drop table p',
            'create table p (id bigint primary key)',
            'drop function f()',
            "create function f() returns integer language sql as 'select 2'",
            'drop table s.t',
            'drop schema s',
            'create schema s',
            'create table s.t (id bigint)',
          ),
          sql('drop view v', view, ...viewRights) +
            sql('drop materialized view m', ...matview, 'drop table p', ...table, 'drop function f()', ...routine) +
            sql('drop table s.t', 'drop schema s', ...schema),
          [
            `view public.v (tiers/1-change/up.sql:1): ${lostView}`,
            'materialized view public.m (tiers/1-change/up.sql:3): GRANT SELECT to PUBLIC',
            'table public.p (tiers/1-change/up.sql:5): column id: COMMENT, policy own, FORCE row level security, GRANT SELECT to PUBLIC, row level security',
            'function public.f() (tiers/1-change/up.sql:7): REVOKE EXECUTE FROM PUBLIC',
            'table s.t (tiers/1-change/up.sql:9): GRANT SELECT to PUBLIC',
            'schema s (tiers/1-change/up.sql:10): GRANT USAGE to PUBLIC',
          ],
        ],
      ];
      for (const [up, down, lost] of variants) {
        expectSaid(rehearse({ up, down, touches }), 0, ...lost.map((one) => `lost          ${one}`));
        // a risk names the first five, the part of the page all
        expectSaid(
          run('dossier', 'release'),
          0,
          'recreated without',
          ...lost.map((one) => `recreated without: ${one}`),
        );
      }
    }),
  );

  it('is not named where the release says so itself', time, () =>
    withStory(production, async ({ rehearse }) => {
      const make = (body: string): readonly string[] => [
        'drop function f()',
        `create function f() returns integer language sql as '${body}'`,
      ];
      for (const grant of ['revoke execute on function f() from public', 'grant execute on function f() to public'])
        expect(
          rehearse({ up: sql(...make('select 2'), grant), down: sql('drop function f()', ...routine), touches }).stdout,
        ).toMatch(/^(?!.*\blost {2})[\s\S]*PASSED/);
    }),
  );
});
