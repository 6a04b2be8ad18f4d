import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { changeRule, explainRefusal, readCycles } from '../../src/gate/index.ts';
import { explainOpens } from '../../src/people/index.ts';
import { refusals } from '../../src/rollout/refusals.ts';
import { changeCeremony, readInForce, type Relay } from '../../src/signing/index.ts';
import { versions } from '../database.io.ts';
import { type Gated, runTier, withGate } from '../gate/cycle.io.ts';
import { accept, changeOf, clocked, later, ratifyFor, revoke, sign } from '../gate/purpose.io.ts';

/** What the page of the next policy says that it closes. */
async function saidBy(gated: Gated, policy: Gated['policy']): Promise<readonly string[]> {
  return await gated.as('oneroof_relay', async (session) => {
    const relay: Relay = { session, target: 'production', ...(await readInForce(session)) };
    const { changes } = await changeCeremony(relay, { kind: 'policy', policy });
    return changes.filter(({ word }) => word === 'closes').map(({ text }) => text);
  });
}

const closedOf = async (gated: Gated, statement: string) => {
  const found = (await gated.as('oneroof_observer', readCycles)).find((one) => one.statement === statement);
  const text = (why: typeof found extends undefined ? never : NonNullable<typeof found>['closed']['up']) =>
    why === null ? 'open' : explainRefusal(why);
  return { up: text(found?.closed.up ?? null), down: text(found?.closed.down ?? null) };
};

it.each(versions)(
  'on PostgreSQL %s, what the page of a change says that it closes, and that stays open, is what happens',
  async (version) => {
    await withGate(version, clocked(), async (gated) => {
      const { ana, ben } = gated.people;
      const [waiting, cycle] = [
        await ratifyFor(gated, { what: 'rollout' }),
        await ratifyFor(gated, { what: 'rollout' }),
      ];
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement: cycle, direction: 'up', tier: '1-rows' }),
      );
      const second = { ...gated.policy, name: 'second' };
      expect((await saidBy(gated, second)).toSorted()).toEqual(
        [
          `ratification ${waiting}, open for one rollout of the release, and its rollback`,
          `the rollout of ratification ${cycle}, rolled out in part or whole; its rollback stays open until its own time ends`,
        ].toSorted(),
      );
      const change = changeOf(gated, 'policy', { document: second, until: 6 * 3_600_000 });
      await sign(gated, change.body, [ana, ben]);
      await accept(gated, 'policy', change.text);
      expect(await closedOf(gated, waiting)).toMatchObject({ up: expect.stringMatching(/^policy: /) as string });
      expect(await closedOf(gated, cycle)).toMatchObject({
        up: expect.stringMatching(/^policy: /) as string,
        down: 'open',
      });
      // a revocation is named with who and why, and takes no rollback away
      await revoke(gated, cycle, ben);
      expect((await closedOf(gated, cycle)).down).toBe('open');
    });
    await withGate(version, clocked(), async (gated) => {
      const { ana, ben } = gated.people;
      const cycle = await ratifyFor(gated, { what: 'rollout' });
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement: cycle, direction: 'up', tier: '1-rows' }),
      );
      await later(gated.database, '3 hours');
      const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString() as never;
      const more = { notBefore: at(2), expires: at(6) };
      const carried = await ratifyFor(gated, { what: 'rollback', cycle }, { more });
      expect(await closedOf(gated, cycle)).toMatchObject({ down: 'open' });
      const second = { ...gated.policy, name: 'second' };
      expect((await saidBy(gated, second)).toSorted()).toEqual(
        [
          `ratification ${carried}, open for ${explainOpens({ what: 'rollback', cycle })}`,
          `the further ratification for the rollback of ratification ${cycle}, rolled out in part or whole (${carried}); the rollback stays open only until its own time ends`,
        ].toSorted(),
      );
      const change = changeOf(gated, 'policy', { document: second, until: 6 * 3_600_000 });
      await sign(gated, change.body, [ana, ben]);
      await accept(gated, 'policy', change.text);
      expect(await closedOf(gated, cycle)).toMatchObject({ down: expect.stringMatching(/^expired: /) as string });
    });
  },
  180_000,
);

it('what a change does is said in one sentence, everywhere', () => {
  const operations = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'OPERATIONS.md'), 'utf8');
  expect(operations.split(changeRule)).toHaveLength(2);
  for (const code of ['registry', 'policy'] as const) expect(refusals[code].means).toContain(changeRule);
});
