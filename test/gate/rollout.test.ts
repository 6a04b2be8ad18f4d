import { describe, expect, it } from 'vitest';
import { readCycles } from '../../src/gate/index.ts';
import { sql } from '../../src/database/index.ts';
import { versions } from '../database.io.ts';
import { runTier, withGate } from './cycle.io.ts';

describe.each(versions)('the gate in PostgreSQL %s', (version) => {
  it('opens for what enough people ratified, runs it tier by tier, and back again, each once', async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      await gated.as('oneroof_executor', async (session) => {
        await runTier(session, { gated, statement, direction: 'up', tier: '1-rows' });
        const closed = runTier(session, { gated, statement, direction: 'up', tier: '2-table' });
        await expect(closed).rejects.toThrow('gate: data-gate: ready = 0');
        await gated.as('app_owner', (owner) => owner.query(sql`insert into public.readiness values (1)`));
        await runTier(session, { gated, statement, direction: 'up', tier: '2-table' });
        await expect(runTier(session, { gated, statement, direction: 'up', tier: '3-barred' })).rejects.toThrow(
          'gate: order',
        );
        const [finalized] = await readCycles(session);
        expect(finalized).toMatchObject({
          statement,
          persons: ['ana', 'ben'],
          closed: { up: null, down: null },
          next: { up: null, down: '2-table' },
        });
        await runTier(session, { gated, statement, direction: 'down', tier: '2-table' });
        await runTier(session, { gated, statement, direction: 'down', tier: '1-rows' });
        const [undone] = await readCycles(session);
        expect(undone?.done.map(({ direction, tier }) => `${direction} ${tier}`)).toEqual([
          'up 1-rows',
          'up 2-table',
          'down 2-table',
          'down 1-rows',
        ]);
        expect(undone?.next.down).toBeNull();
        await expect(runTier(session, { gated, statement, direction: 'up', tier: '1-rows' })).rejects.toThrow(
          'gate: order',
        );
      });
      // another cycle is another ratification
      const again = await gated.ratify(await gated.ratification(), [ana, ben]);
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement: again, direction: 'up', tier: '1-rows' }),
      );
    });
  });
});
