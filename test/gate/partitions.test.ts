import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, runTier, withGate } from './cycle.io.ts';

/** A table of partitions with all that its parent hands on, and what production made before the release. */
const application = [
  'reset role',
  'create schema app authorization app_owner',
  'set role app_owner',
  'create table app.kinds (kind text primary key)',
  "insert into app.kinds values ('x')",
  `create table app.events (id bigint not null check (id > 0), at date not null default current_date, kind text default 'x' references app.kinds, primary key (id, at)) partition by range (at)`,
  'create index events_kind on app.events (kind)',
  'create function app.stamp() returns trigger language plpgsql as $$ begin return new; end $$',
  'create trigger stamp before insert on app.events for each row execute function app.stamp()',
  "create table app.events_11 partition of app.events for values from ('2026-11-01') to ('2026-12-01')",
  'create table app.notes (id bigint, at date, foreign key (id, at) references app.events)',
  'create table app.plain (i integer) partition by list (i)',
];

const files = {
  'release.yaml': `format: 1
name: small
title: Small
database: shop
touches: [app.events, app.kinds]
expects: { partitionsOf: [app.events, app.plain] }
tiers:
  - { id: 1-column, title: Column }
  - { id: 2-index, title: Index }
  - { id: 3-kind, title: Kind }
`,
  'tiers/1-column/up.sql': 'alter table app.events add column channel text;\n',
  'tiers/1-column/down.sql': 'alter table app.events drop column channel;\n',
  'tiers/2-index/up.sql': 'create index events_channel on app.events (channel);\n',
  'tiers/2-index/down.sql': 'drop index app.events_channel;\n',
  'tiers/3-kind/up.sql': "insert into app.kinds values ('y');\n",
  'tiers/3-kind/down.sql': "delete from app.kinds where kind = 'y';\n",
};

const partition = (name: string, month: number): string =>
  `create table app.${name} partition of app.events for values from ('2027-0${month}-01') to ('2027-0${month + 1}-01')`;

const within = (
  version: (typeof versions)[number],
  plan: { readonly files?: Readonly<Record<string, string>>; readonly change?: (text: string) => string },
  use: (gated: Gated, statement: string) => Promise<void>,
): Promise<void> =>
  withGate(version, { files, application, ...plan }, async (gated) => {
    const { ana, ben } = gated.people;
    await use(gated, await gated.ratify(await gated.ratification(), [ana, ben]));
  });

const tier = (gated: Gated, statement: string, direction: 'up' | 'down', id: string): Promise<void> =>
  gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier: id }));

describe.each(versions)('new partitions of a table that the release names, on PostgreSQL %s', (version) => {
  it('are let through in both directions where they follow their parent', () =>
    within(version, {}, async (gated, statement) => {
      const owner = (...texts: readonly string[]) => runSql(gated.database, ['set role app_owner', ...texts]);
      await owner(partition('events_27_01', 1));
      await tier(gated, statement, 'up', '1-column');
      await owner(
        `create table app.events_27_02 partition of app.events for values from ('2027-02-01') to ('2027-03-01') partition by range (at)`,
        "create table app.events_27_02_x partition of app.events_27_02 for values from ('2027-02-01') to ('2027-02-20')",
      );
      await tier(gated, statement, 'up', '2-index');
      await tier(gated, statement, 'up', '3-kind');
      await owner('create table app.events_27_03 (like app.events including all)');
      await owner(
        "alter table app.events attach partition app.events_27_03 for values from ('2027-03-01') to ('2027-04-01')",
      );
      await tier(gated, statement, 'down', '3-kind');
      await tier(gated, statement, 'down', '2-index');
      await owner(partition('events_27_04', 4));
      await tier(gated, statement, 'down', '1-column');
      expect(await columnsOf(gated, 'events_27_02_x')).toBe('at,id,kind');
    }));

  it.each(['entered', 'left'] as const)('may come while a tier is open: after it is %s', (when) =>
    within(version, {}, async (gated, statement) => {
      await tier(gated, statement, 'up', '1-column');
      await tier(gated, statement, 'up', '2-index');
      // what it refers to is locked once the tier has written there
      const by =
        when === 'entered'
          ? ['create table app.events_27_01 (like app.events including all)', attach]
          : ['create table app.plain_1 partition of app.plain for values in (2)'];
      expect(await between(gated, statement, { when, by })).toBe('committed');
      expect(await between(gated, statement, { when, direction: 'down', by: [own['code in its key']] })).toContain(
        'table app.plain_k did not exist in rehearsal',
      );
      if (when === 'left') return;
      await runSql(gated.database, ['drop table app.plain_k']);
      // attached, detached and attached again: its row is another one
      const again = ['alter table app.events detach partition app.events_27_01', attach];
      expect(await between(gated, statement, { when, direction: 'down', by: again })).toMatch(
        /^gate: schema: .*events_27_01.* was changed by another transaction since the tier was entered$/,
      );
      const preset = [
        "alter table app.events alter kind set default 'y'",
        "alter table app.events alter kind set default 'x'",
      ];
      expect(await between(gated, statement, { when, direction: 'down', by: preset })).toContain('default');
    }),
  );

  it('close it where anything is their own', () =>
    within(version, {}, async (gated, statement) => {
      const closed = await driftBy(gated, statement);
      expect(await closed(created)).toEqual([]);
      for (const [what, text] of Object.entries(own)) {
        const name = /app\.\w+ partition of app\.plain|app\.events_nn?(?!.*app\.events_nn)/s.exec(text)?.[0] ?? '';
        const kind = what === 'foreign table' ? what : 'table';
        expect(await closed(text), what).toContain(`${kind}: ${name.split(' ')[0]}`);
      }
      // what is there already is no new partition
      expect(await closed('create index extra on app.events_11 (at)')).toEqual(['index: app.extra']);
      expect(await closed('create table app.child () inherits (app.kinds)')).toContain('table: app.child');
    }));

  it('close it where the release does not expect them', () => {
    const { 'release.yaml': yaml = '', ...others } = files;
    const without = { ...others, 'release.yaml': yaml.replace(/^expects.*$/m, '') };
    return within(version, { files: without }, async (gated, statement) => {
      const closed = await driftBy(gated, statement);
      expect(await closed(created)).toContain('table: app.events_n');
    });
  });

  it('negative control: without the comparison with the parent anything is let through', () => {
    const change = (text: string): string => {
      expect(text).toContain("('table: ' || t.own) and gate.follows(b.child, b.parent)");
      return text.replace("('table: ' || t.own) and gate.follows(b.child, b.parent)", "('table: ' || t.own)");
    };
    return within(version, { change }, async (gated, statement) => {
      const closed = await driftBy(gated, statement);
      expect(await closed(own.trigger)).toEqual([]);
    });
  });
});

const created = "create table app.events_n partition of app.events for values from ('2028-01-01') to ('2028-02-01')";
const attached = (definition: string): string => `create table app.events_n (${definition});
  alter table app.events attach partition app.events_n for values from ('2028-01-01') to ('2028-02-01')`;

const attach =
  "alter table app.events attach partition app.events_27_01 for values from ('2027-01-01') to ('2027-02-01')";

/** Partitions with something of their own. */
const own = {
  index: `${created}; create index extra on app.events_n (at)`,
  trigger: `${created}; create trigger extra before insert on app.events_n for each row execute function app.stamp()`,
  'a trigger that is switched off': `${created}; alter table app.events_n disable trigger stamp`,
  'foreign keys that are switched off': `${created}; reset role; alter table app.events_n disable trigger all; alter table app.events_n enable trigger stamp`,
  rule: `${created}; create rule extra as on delete to app.events_n do instead nothing`,
  policy: `${created}; create policy extra on app.events_n`,
  'row security': `${created}; alter table app.events_n enable row level security`,
  check: `${created}; alter table app.events_n add check (id < 5)`,
  unique: `${created}; alter table app.events_n add unique (id)`,
  'foreign key': `${created}; alter table app.events_n add foreign key (kind) references app.kinds`,
  'a foreign key that leads to it': `${created}; alter table app.notes add foreign key (id, at) references app.events_n`,
  owner: `${created}; reset role; alter table app.events_n owner to postgres`,
  grant: `${created}; grant select on app.events_n to public`,
  'grant of a column': `${created}; grant update (kind) on app.events_n to public`,
  view: `${created}; create view app.above as select * from app.events_n`,
  statistics: `${created}; create statistics app.extra on id, kind from app.events_n`,
  publication: `${created}; reset role; create publication extra for table app.events_n`,
  'another default': `${created}; alter table app.events_n alter kind set default 'y'`,
  'no default': attached('id bigint not null constraint events_id_check check (id > 0), at date not null, kind text'),
  'not null': `${created}; alter table app.events_n alter kind set not null`,
  unlogged: created.replace('create table', 'create unlogged table'),
  'code in its key': 'create table app.plain_k partition of app.plain for values in (1) partition by range (abs(i))',
  'foreign table': `reset role; create foreign data wrapper f; create server s foreign data wrapper f;
    create foreign table app.plain_f partition of app.plain for values in (1) server s; alter table app.plain_f owner to app_owner`,
  'of a deeper level': `${created} partition by range (at); reset role; set role app_owner;
    create table app.events_nn partition of app.events_n for values from ('2028-01-01') to ('2028-01-20'); create index extra on app.events_nn (at)`,
} as const;

/** Asks what would close the next tier with a change, which is undone afterwards. */
async function driftBy(gated: Gated, statement: string): Promise<(text: string) => Promise<readonly string[]>> {
  return (text) =>
    withSession(gated.database, async (session) => {
      await session.query(sql`begin`);
      await session.query(sql`set local role app_owner`);
      for (const one of text.split(';')) await session.run(one);
      await session.query(sql`set local role none`);
      const rows = await session.query<{ object: string }>(
        sql`select d ->> 'object' as object from jsonb_array_elements(gate.drift_of(${statement}, 'up')) d`,
      );
      await session.query(sql`rollback`);
      return rows.map(({ object }) => object);
    });
}

/** Runs the third tier; others change something when it was entered, or left. */
async function between(
  gated: Gated,
  statement: string,
  of: { readonly when: 'entered' | 'left'; readonly direction?: 'up' | 'down'; readonly by: readonly string[] },
): Promise<string> {
  const { direction = 'up', when, by } = of;
  const others = () => runSql(gated.database, ['set role app_owner', ...by.flatMap((text) => text.split(';'))]);
  return await gated.as('oneroof_executor', async (session) => {
    const [attempt] = await session.query<{ epoch: string }>(
      sql`select gate.begin_attempt(${statement}, ${direction})::text as epoch`,
    );
    const epoch = attempt?.epoch ?? '0';
    const text = gated.sealed.release.tiers[2]?.[direction][0]?.sql ?? '';
    await session.query(sql`begin`);
    try {
      await session.query(sql`select gate.enter_tier(${statement}, ${direction}, '3-kind', ${epoch}::bigint)`);
      if (when === 'entered') await others();
      await session.query(sql`select gate.run_step(${statement}, ${direction}, '3-kind', 1, ${text})`);
      await session.query(sql`select gate.leave_tier(${statement}, ${direction}, '3-kind', ${epoch}::bigint)`);
      if (when === 'left') await others();
      await session.query(sql`commit`);
      return 'committed';
    } catch (error) {
      await session.query(sql`rollback`);
      return (error as Error).message;
    }
  });
}

async function columnsOf(gated: Gated, table: string): Promise<string> {
  return await withSession(gated.database, async (session) => {
    const [row] = await session.query<{ is: string }>(sql`
      select string_agg(attname, ',' order by attname) as is from pg_attribute
      where attrelid = to_regclass('app.' || ${table}) and attnum > 0 and not attisdropped`);
    return row?.is ?? '';
  });
}
