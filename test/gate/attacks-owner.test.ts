import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { newest, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, runTier } from './cycle.io.ts';
import { afterwards, atOnce, type HostileCase } from './hostile-cases.ts';
import { as, runHostile } from './hostile.io.ts';
import { sharedGate } from './kept.io.ts';
import { ownedServers } from './owned.io.ts';
import { type Version } from '../binaries.io.ts';

const servers = ownedServers();
beforeAll(() => servers.start(versions), 60_000);
afterAll(() => servers.stop());

function withOwned(version: Version, plan: GatedPlan, use: (gated: Gated) => Promise<void>): Promise<void> {
  return servers.withGate(version, plan, use);
}

describe.each(versions)('a gate that no superuser installed, on PostgreSQL %s', (version) => {
  it('rolls a release out and back, and has no second wall', () =>
    withOwned(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const tier = (direction: 'up' | 'down', id: string) =>
        gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier: id }));
      const found = () =>
        withSession(gated.database, async (session) => {
          const [row] = await session.query(
            sql`select (select count(*) from public.t)::text as rows, to_regclass('public.n')::text as n, (select count(*) from pg_event_trigger)::text as walls`,
          );
          return row;
        });
      await tier('up', '1-rows');
      await expect(tier('up', '2-table')).rejects.toThrow('gate: data-gate');
      await as(gated, 'app_owner', ['insert into public.readiness values (1)']);
      await tier('up', '2-table');
      expect(await found()).toEqual({ rows: '3', n: 'public.n', walls: '0' });
      await tier('down', '2-table');
      await tier('down', '1-rows');
      expect(await found()).toEqual({ rows: '1', n: null, walls: '0' });
    }));

  it('is closed when its installer is a member again, and while the application has changed its functions', () =>
    withOwned(version, {}, async (gated) => {
      const rows = { steps: ['insert into t values (2), (3)'] };
      await as(gated, 'dba', ['grant gate_owner to current_user']);
      await expect(runHostile(gated, rows)).rejects.toThrow('gate: intact');
      await as(gated, 'dba', ['revoke gate_owner from current_user']);
      await as(gated, 'app_owner', ['alter function gate.measure(text, text) reset all']);
      await expect(runHostile(gated, rows)).rejects.toThrow('gate: intact');
      for (const role of ['dba', 'app_owner'])
        for (const change of ['drop schema gate cascade', 'delete from gate.steps', 'create table gate.mine ()'])
          await expect(as(gated, role, [change]), `${role}: ${change}`).rejects.toThrow(/must be owner|denied/);
    }));
});

describe.each(newest)('a gate that no superuser installed, on PostgreSQL %s', (version) => {
  const undone = async (gated: Gated, of: HostileCase): Promise<void> => {
    await expect(runHostile(gated, of)).rejects.toThrow(new RegExp(of.why));
    const [left] = await withSession(gated.database, (session) =>
      session.query(
        sql`select to_regproc('public.door')::text as door, (select count(*) from gate.markers)::text as markers`,
      ),
    );
    expect(left).toEqual({ door: null, markers: '0' });
  };
  const cases = [...atOnce, ...afterwards];
  const gate = sharedGate((use) => withOwned(version, {}, use));
  it.each(cases.filter(({ application }) => application === undefined))(
    'undoes ratified but hostile SQL: $name',
    (of) => undone(gate(), of),
  );
  it.each(cases.filter(({ application }) => application !== undefined))(
    'undoes ratified but hostile SQL: $name',
    (of) =>
      withOwned(version, of.application === undefined ? {} : { application: of.application }, (gated) =>
        undone(gated, of),
      ),
  );
});
