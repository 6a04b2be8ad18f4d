import { describe, expect, it } from 'vitest';
import { findHistoryWriters, type HistoryWriter } from '../../src/import/index.ts';
import { type Connection } from '../../src/database/index.ts';
import { newest, runSql, withDatabase, withSession } from '../database.io.ts';
import { type Gated, withGate } from '../gate/cycle.io.ts';

const application = [
  'create table schema_migrations (version varchar primary key)',
  // another table of that name, which is no history
  'create table goose_db_version (id integer)',
];

const found = (database: Connection): Promise<readonly HistoryWriter[]> => withSession(database, findHistoryWriters);

describe.each(newest)('on PostgreSQL %s, a role by which an application migrates past the gate', (version) => {
  const within = (use: (gated: Gated, role: (name: string) => string) => Promise<void>): Promise<void> =>
    withGate(version, { application }, async (gated) => {
      const role = (name: string): string => `${name}_${gated.database.database}`;
      const names = ['app', 'team', 'other'].map(role);
      await runSql(gated.database, [
        `create role ${role('app')} login`,
        `create role ${role('team')} nologin`,
        `create role ${role('other')} login`,
      ]);
      try {
        await use(gated, role);
      } finally {
        for (const name of names) await runSql(gated.database, [`drop owned by ${name} cascade`, `drop role ${name}`]);
      }
    });

  it('is named with the SQL that takes the right, and is gone after it', () =>
    within(async ({ database }, role) => {
      const [app, team, other] = ['app', 'team', 'other'].map(role) as [string, string, string];
      const of = async (name: string): Promise<readonly string[]> =>
        (await found(database)).filter(({ text }) => text.startsWith(`${name} `)).map(({ fix }) => fix);
      await runSql(database, [`create table public.own (i int)`, `alter table public.own owner to ${app}`]);
      expect(await of(app)).toEqual([]);

      await runSql(database, [`grant select, insert on public.schema_migrations to ${app}`]);
      const granted = `revoke insert, update, delete, truncate on table public.schema_migrations from ${app};`;
      expect(await of(app)).toEqual([granted]);
      expect((await found(database)).find(({ text }) => text.startsWith(app))?.text).toBe(
        `${app} can log in, owns tables and may write to public.schema_migrations: an application that runs dbmate when it starts changes the database without the gate`,
      );
      await runSql(database, [granted]);
      expect(await of(app)).toEqual([]);

      await runSql(database, [`grant insert on public.schema_migrations to ${team}`, `grant ${team} to ${app}`]);
      expect(await of(app)).toEqual([`revoke ${team} from ${app};`]);
      await runSql(database, await of(app));
      expect(await of(app)).toEqual([]);

      await runSql(database, [`alter table public.schema_migrations owner to ${app}`]);
      expect(await of(app)).toEqual(['alter table public.schema_migrations owner to app_owner;']);
      await runSql(database, await of(app));
      expect(await of(app)).toEqual([]);

      await runSql(database, ['grant insert on public.schema_migrations to public']);
      expect(await of(app)).toEqual([
        'revoke insert, update, delete, truncate on table public.schema_migrations from public;',
      ]);
      // without tables of its own, a role can record and cannot change
      expect(await of(other)).toEqual([]);
    }));

  it('is also the role that runs ratified steps, if it can log in', () =>
    within(async ({ database }) => {
      const [first, ...more] = await found(database);
      expect(more).toEqual([]);
      expect(first?.fix).toBe(
        'let the application log in as a role that owns nothing, then: alter role app_owner nologin;',
      );
    }));
});

it.each(newest)('PostgreSQL %s: no role is named where there is no gate', (version) =>
  withDatabase(version, async (database) => {
    await runSql(database, [
      'create table schema_migrations (version varchar primary key)',
      'grant insert on schema_migrations to public',
    ]);
    expect(await found(database)).toEqual([]);
  }),
);
