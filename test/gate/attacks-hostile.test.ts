import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { newest, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import { afterwards, atOnce, type HostileCase } from './hostile-cases.ts';
import { as, runHostile } from './hostile.io.ts';
import { sharedGate } from './kept.io.ts';
import { type Version } from '../binaries.io.ts';

const withCase = (version: Version, of: HostileCase, plan: GatedPlan, use: (gated: Gated) => Promise<void>) =>
  withGate(version, { ...(of.application === undefined ? {} : { application: of.application }), ...plan }, use);

/** Whether a back door is there, and what of the tier was committed. */
const leftBy = (gated: Gated) =>
  withSession(gated.database, async (session) => {
    const [left] = await session.query(
      sql`select to_regproc('public.door')::text as door, (select count(*) from gate.markers)::text as markers, (select count(*) from public.t)::text as rows`,
    );
    return left;
  });

const undone = async (gated: Gated, of: HostileCase, why: RegExp): Promise<void> => {
  await expect(runHostile(gated, of)).rejects.toThrow(why);
  expect(await leftBy(gated)).toEqual({ door: null, markers: '0', rows: '1' });
};

// the seal's own rules would refuse most of it; the database must not depend on them
describe.each(newest)('ratified but hostile SQL in PostgreSQL %s', (version) => {
  const gate = sharedGate((use) => withGate(version, {}, use));
  it.each(atOnce.filter(({ application }) => application === undefined))('is undone: $name', (of) =>
    undone(gate(), of, new RegExp(of.why)),
  );
  it.each(atOnce.filter(({ application }) => application !== undefined))('is undone: $name', (of) =>
    withCase(version, of, {}, (gated) => undone(gated, of, new RegExp(of.why))),
  );
});

// who runs what waits for COMMIT depends on the version
describe.each(versions)('ratified SQL that waits for COMMIT in PostgreSQL %s', (version) => {
  it.each(afterwards)('runs nothing after the last check: $name', (of) =>
    withCase(version, of, {}, (gated) => undone(gated, of, new RegExp(of.why))),
  );
  it.each(afterwards.filter(({ name }) => /trigger that|cursor/.test(name)))('nor step by step: $name', (of) =>
    withCase(version, of, {}, (gated) => undone(gated, { ...of, transaction: 'each' }, /gate: (definer|deferred)/)),
  );
});

/** The gate without its looks at what waits: as it would be if COMMIT were left to itself. */
const unsettled = (installed: string): string => {
  const from = [
    `if names is not null then execute`,
    "if reason is not null then perform gate.refuse('deferred'",
    '  perform gate.require_same(differences);',
  ];
  for (const one of from) expect(installed).toContain(one);
  return (
    installed
      .replaceAll(from[0]!, 'if false then execute')
      .replaceAll(from[1]!, "if false then perform gate.refuse('deferred'")
      // the cast is one that no rehearsal has seen, which is refused as well
      .replaceAll(from[2]!, '')
  );
};

describe.each(versions)('a safeguard of COMMIT that is taken out on %s', (version) => {
  // on 15 a trigger runs at COMMIT with the executor's rights, which cannot plant anything
  const through = afterwards.filter(
    ({ name }) => /cast|cursor/.test(name) || (version === '18' && /trigger|exclusion/.test(name)),
  );
  it.each(through)('lets through: $name', (of) =>
    withCase(version, of, { change: unsettled }, async (gated) => {
      await runHostile(gated, of);
      expect(await leftBy(gated)).toMatchObject({ door: 'public.door' });
    }),
  );
});

describe.each(newest)('the wall of event triggers in PostgreSQL %s', (version) => {
  const changes = [
    'alter function gate.execute_step(text, text) security invoker',
    'alter function gate.measure(text, text) reset all',
    'drop function gate.settle(text)',
  ];
  const fell = (installed: string): string => {
    const parts = installed.split(/^create event trigger .*$/m);
    expect(parts).toHaveLength(3);
    return parts.join('');
  };
  it('refuses at once what the owner of the application does to its functions of the gate', () =>
    withGate(version, {}, async (gated) => {
      for (const change of changes)
        await expect(as(gated, 'app_owner', [change]), change).rejects.toThrow('gate: guard');
      await runHostile(gated, { steps: ['insert into t values (2), (3)'] });
    }));
  it.each(changes)('taken out, leaves it to the first wall: %s', (change) =>
    withGate(version, { change: fell }, async (gated) => {
      const hostile = { steps: ['insert into t values (2), (3)', change] };
      await expect(runHostile(gated, hostile)).rejects.toThrow(/gate: intact|function gate.settle.* does not exist/);
      await as(gated, 'app_owner', [change]);
      await expect(runHostile(gated, { steps: ['insert into t values (2), (3)'] })).rejects.toThrow('gate: intact');
    }),
  );
});
