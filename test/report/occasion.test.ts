import { expect, describe, it } from 'vitest';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { openObserver } from '../../src/database/index.ts';
import { readCycles, readGate } from '../../src/gate/index.ts';
import { buildReport, type Occasion, standingOf, toPrompt } from '../../src/report/index.ts';
import { runSql, versions } from '../database.io.ts';
import { type Gated, runTier, withGate } from '../gate/cycle.io.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const day = 86_400_000 as Milliseconds;

/** What the observer of a gated database reads of it; readiness is taken for given. */
async function lookAt({ sealed, database }: Gated): Promise<Occasion> {
  const role = { ...database, user: 'oneroof_observer' };
  const observer = await openObserver(role, { applicationName: 'test' });
  const cycles = await observer.snapshot(readCycles);
  await observer.close();
  const policy = { rehearsalMaxAge: day, gateMaxAge: day };
  const built = buildReport({ release: sealed, evidence: [], policy, now: at, hrefOf: () => 'x' });
  return {
    sealed,
    target: 'production',
    folder: 'r',
    workIn: null,
    report: { ...built, readiness: { status: 'GO', reasons: [] } },
    reading: await readGate({ release: sealed, target: { name: 'production', observer: role }, at }),
    ratifications: { state: 'read', cycles },
  };
}

/** As `oneroof doctor` asks for it: it may read, and cannot write. */
async function letObserverIn({ database }: Gated): Promise<void> {
  await runSql(database, [
    `do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$`,
    'grant select on all tables in schema public to oneroof_observer',
  ]);
}

describe.each(versions)('the observer of a gate in PostgreSQL %s', (version) => {
  it('sees it closed before people ratify, by an empty seat, by data; and open in the midst of a rollout', async () => {
    await withGate(version, {}, async (gated) => {
      const { ana } = gated.people;
      await letObserverIn(gated);
      expect(standingOf(await lookAt(gated)).gate).toBe('closed');
      await gated.ratify(await gated.ratification(), [ana]);
      expect(toPrompt(await lookAt(gated))).toContain('seats: 1 of 2 seats are filled');
      expect(toPrompt(await lookAt(gated))).not.toMatch(/oneroof (rollout|rollback)/);
    });
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      await letObserverIn(gated);
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      expect(toPrompt(await lookAt(gated))).toContain('ready = 0, needs');
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
      );
      const open = await lookAt(gated);
      expect(standingOf(open)).toMatchObject({ gate: 'open', next: '2-table' });
      expect(toPrompt(open)).toContain(`oneroof rollout r --target production --statement ${statement}`);
    });
  });
});
