import { expect, it } from 'vitest';
import { execute, explainHeld, preflight } from '../../src/rollout/index.ts';
import { versions } from '../database.io.ts';
import { runTier, withGate } from '../gate/cycle.io.ts';
import { clocked, later, ratifyFor } from '../gate/purpose.io.ts';

it.each(versions)(
  'a rollback whose time is over is carried on by a new ratification, and nothing else is taken for it, on PostgreSQL %s',
  { timeout: 120_000 },
  (version) =>
    withGate(version, clocked(), async (gated) => {
      const { sealed, database, people } = gated;
      const executor = { ...database, user: 'oneroof_executor' };
      const look = async (direction: 'up' | 'down', statement: string | null) => {
        const found = await preflight({ sealed, executor, direction, statement: statement as never });
        const { verdict } = found;
        return { ...verdict, reasons: verdict.reasons.map(explainHeld) };
      };
      const cycle = await ratifyFor(gated, { what: 'rollout' });
      const other = await ratifyFor(gated, { what: 'rollout' });
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement: cycle, direction: 'up', tier: '1-rows' }),
      );
      // a statement of which nothing is rolled out would have nothing to do, while the tier is in place
      for (const direction of ['up', 'down'] as const)
        expect(await look(direction, other)).toMatchObject({
          decision: 'NO-GO',
          runs: [],
          reasons: [expect.stringMatching(/^in-progress: .*under another ratification/)],
        });
      await later(database, '3 hours');
      expect(await look('down', null)).toMatchObject({
        statement: cycle,
        reasons: [expect.stringMatching(/^expired: /)],
      });
      const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString() as never;
      const rollback = { what: 'rollback', cycle } as const;
      const expired = await ratifyFor(gated, rollback, { more: { notBefore: at(0), expires: at(1) } });
      expect(await look('down', null)).toMatchObject({
        statement: cycle,
        reasons: [expect.stringMatching(/^expired: /)],
      });
      expect(await look('down', expired)).toMatchObject({ decision: 'NO-GO', statement: cycle });
      const [tooLate = ''] = (await look('down', expired)).reasons;
      expect(tooLate).toMatch(/^expired: /);
      expect(tooLate).toContain(expired);
      const more = { notBefore: at(2), expires: at(4) };
      const unsigned = await ratifyFor(gated, rollback, { by: [people.ben], more });
      const [tooFew = ''] = (await look('down', unsigned)).reasons;
      expect(tooFew).toMatch(/^seats: /);
      expect(tooFew).toContain(unsigned);
      const carried = await ratifyFor(gated, rollback, { more });
      expect((await look('up', carried)).reasons[0]).toMatch(/^purpose: it is for the rollback of the begun rollout/);
      for (const named of [null, carried])
        expect(await look('down', named)).toMatchObject({ decision: 'GO', statement: cycle, reasons: [] });
      const run = () =>
        execute({
          sealed,
          statement: cycle,
          direction: 'down',
          through: null,
          target: { name: 'production', executor },
          record: async () => undefined,
        });
      const done = await run();
      expect(done, JSON.stringify(done)).toMatchObject({ result: 'done', tiers: ['1-rows'] });
      expect(await run()).toMatchObject({ result: 'nothing-to-do' });
    }),
);
