import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { withGate } from './cycle.io.ts';
import { runHostile } from './hostile.io.ts';

/** The body of one function that reads, without frames, like the end of it and a second function. */
const twoInOne = `select 1|app_owner|14\nfunction|public.b()|select 2`;
const application = [
  'set check_function_bodies = off',
  `create function public.a() returns integer language sql security definer as $f$${twoInOne}$f$`,
];
const split = [
  `create or replace function public.a() returns integer language sql security definer as 'select 1'`,
  `create function public.b() returns integer language sql security definer as 'select 2'`,
];
const unframed = (text: string): string => {
  expect(text).toContain('json_build_array(');
  return text
    .replaceAll('json_build_array(', `concat_ws('|', `)
    .replace(
      `coalesce(json_agg(what order by what::text collate "C"), '[]')::text`,
      String.raw`coalesce(string_agg(what, E'\n' order by what collate "C"), '')`,
    );
};

describe.each(versions)('the digests of the gate on PostgreSQL %s', (version) => {
  it('distinguish one function from two with the same text', async () => {
    await expect(withGate(version, { application }, (gated) => runHostile(gated, { steps: split }))).rejects.toThrow(
      'gate: definer',
    );
    await withGate(version, { application, change: unframed }, (gated) => runHostile(gated, { steps: split }));
  });

  it.each([
    ['a default of a column', 'alter table gate.steps alter column done_at set default now()'],
    ['a table that inherits', 'create table gate.more () inherits (gate.signatures)'],
    ['a child outside', 'create table public.more () inherits (gate.signatures)'],
    ['an index', 'drop index gate.statements_subject'],
    ['an index more', 'create unique index more on gate.releases (queries)'],
    ['a column that may be null', 'alter table gate.tiers alter column until drop not null'],
    ['a rule', 'create rule r as on insert to gate.signatures do instead nothing'],
    ['a policy', 'create policy p on gate.signatures'],
    ['row security', 'alter table gate.signatures enable row level security'],
    ['row security for the owner', 'alter table gate.signatures force row level security'],
    ['triggers that are off', 'alter table gate.signatures disable trigger all'],
    ['the look at COMMIT in replicas alone', 'alter table gate.tiers enable replica trigger whole_tiers'],
    ['a publication', 'create publication p for table gate.fence'],
    ['a replica identity', 'alter table gate.fence replica identity full'],
    ['a sequence', 'alter table gate.documents alter column number set increment by 2'],
    ['an option of a table', 'alter table gate.fence set (fillfactor = 50)'],
    ['a function that is leakproof', 'alter function gate.facts() leakproof'],
    ['a function of the system', 'create function pg_catalog.mine() returns integer language sql return 1', 'system'],
    ['a cast of the system', 'create cast (integer as date) without function', 'system'],
    ['default privileges', 'alter default privileges in schema gate grant select on tables to public'],
    ['a setting of the owner in this database', 'alter role gate_owner in database %DATABASE% set work_mem = 64'],
    ['a setting of the application in this database', 'alter role app_owner in database %DATABASE% set work_mem = 64'],
  ])('cover %s', (_, change, system = '') =>
    withGate(version, {}, async (gated) => {
      const intact = (): Promise<unknown> =>
        withSession(gated.database, (session) => session.query(sql`select gate.assert_intact()`));
      await intact();
      await runSql(gated.database, [
        ...(system === '' ? [] : ['set allow_system_table_mods = on']),
        change.replace('%DATABASE%', gated.database.database),
      ]);
      await expect(intact()).rejects.toThrow('gate: intact');
    }),
  );

  it('leave out what observer, relay and executor may change of themselves', () =>
    withGate(version, {}, async (gated) => {
      const roles = ['oneroof_executor', 'oneroof_relay', 'oneroof_observer'];
      // each of them may do so for all databases; here it is for this one
      const { database } = gated.database;
      await runSql(
        gated.database,
        roles.map((role) => `alter role ${role} in database ${database} set work_mem = 64`),
      );
      await withSession(gated.database, (session) => session.query(sql`select gate.assert_intact()`));
    }));
});
