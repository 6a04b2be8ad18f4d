import { expect, test } from 'vitest';
import { measureMetric, readerOf, type Session } from '../../src/database/index.ts';
import { exampleFolder, loadExample } from '../../src/demo/demo-production.io.ts';
import {
  captureRows,
  captureSchema,
  compareRows,
  compareSchemas,
  explainDifference,
} from '../../src/fingerprint/index.ts';
import { type Metric, readRelease, type Step } from '../../src/release/index.ts';
import { newest, withDatabase, withSession } from '../database.io.ts';

const greenfield = {
  ospa: 0,
  own: 0,
  gap: 210,
  conflict: 0,
  gov_emit: 0,
  inventory: 35,
  axis: 0,
  idle: 0,
  system_issues: 204_556,
};
const finalized = { ...greenfield, own: 35, gap: 0, axis: 4 };

async function measured(session: Session, metrics: readonly Metric[]): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const { name, query } of metrics)
    values[name] = await measureMetric(readerOf(session), { name, sql: query.sql, place: query.place });
  return values;
}

async function runSteps(session: Session, steps: readonly Step[]): Promise<void> {
  for (const { sql } of steps) await session.run(sql);
}

async function seen(session: Session) {
  await session.run('set search_path = pg_catalog, pg_temp');
  const state = {
    schema: await captureSchema(session),
    rows: await captureRows(session.connection, { seeds: ['5', '6'] }),
  };
  await session.run('set search_path = public');
  return state;
}

type State = Awaited<ReturnType<typeof seen>>;

function differences(one: State, two: State): readonly string[] {
  return [...compareSchemas(one.schema, two.schema), ...compareRows(one.rows, two.rows)]
    .filter(({ level }) => level === 'logical')
    .map(explainDifference);
}

test.each(newest)(
  'on %s the example goes from greenfield to finalized and back, to the digit and to the row',
  async (version) => {
    const release = await readRelease(exampleFolder());
    const open = release.tiers.filter(({ barred }) => barred === null);
    const downs = release.tiers.toReversed().flatMap(({ down }) => down);
    await withDatabase(version, async (connection) => {
      await loadExample(connection);
      await withSession(connection, async (session) => {
        const before = await seen(session);
        expect(await measured(session, release.metrics)).toEqual(greenfield);
        for (const tier of open) {
          await runSteps(session, tier.up);
          for (const check of tier.check) expect(await session.rows(check.sql, { maxRows: 10 })).toEqual([]);
        }
        expect(await measured(session, release.metrics)).toEqual(finalized);
        await runSteps(session, downs);
        expect(await measured(session, release.metrics)).toEqual(greenfield);
        expect(differences(before, await seen(session))).toEqual([]);
        await runSteps(session, downs);
        expect(differences(before, await seen(session))).toEqual([]);
      });
    });
  },
  60_000,
);

test('the barred tier 7 goes up on the finalized example and down again, twice', async () => {
  const release = await readRelease(exampleFolder());
  const barred = release.tiers.filter((tier) => tier.barred !== null);
  expect(barred.map(({ id }) => id)).toEqual(['7-event-activation']);
  await withDatabase('18', async (connection) => {
    await loadExample(connection);
    await withSession(connection, async (session) => {
      const before = await seen(session);
      for (const tier of release.tiers) await runSteps(session, tier.up);
      for (const tier of barred) await runSteps(session, [...tier.down, ...tier.down]);
      expect(await measured(session, release.metrics)).toEqual(finalized);
      for (const tier of release.tiers.toReversed()) await runSteps(session, tier.down);
      expect(differences(before, await seen(session))).toEqual([]);
    });
  });
}, 60_000);

test('option 3 breaks the greenfield invariants and collides with tier 1', async () => {
  const release = await readRelease(exampleFolder());
  const shadow = release.options.find(({ id }) => id === '3-shadow');
  expect(shadow?.decision).toBe('rejected');
  await withDatabase('18', async (connection) => {
    await loadExample(connection);
    await withSession(connection, async (session) => {
      await session.run('set search_path = public');
      await runSteps(session, shadow?.up ?? []);
      expect(await measured(session, release.metrics)).toMatchObject({ own: 35 });
      await expect(runSteps(session, release.tiers[0]?.up ?? [])).rejects.toThrow(/gov_ledger/);
    });
  });
}, 60_000);
