import { expect, describe, it } from 'vitest';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { openObserver } from '../../src/database/index.ts';
import { readCyclesOf, readGate } from '../../src/gate/index.ts';
import { buildReport, type ReleaseContext, standingOf, toPrompt, toRunbook } from '../../src/report/index.ts';
import { runSql, newest } from '../database.io.ts';
import { type Gated, runTier, withGate } from '../gate/cycle.io.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const day = 86_400_000 as Milliseconds;

/** What the observer of a gated database reads of it; readiness is taken for given. */
async function lookAt({ sealed, database }: Gated): Promise<ReleaseContext> {
  const role = { ...database, user: 'oneroof_observer' };
  const observer = await openObserver(role, { applicationName: 'test' });
  const cycles = await observer.snapshot((session) => readCyclesOf(session, sealed.seal));
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

describe.each(newest)('the observer of a gate in PostgreSQL %s', (version) => {
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
      // the data gate before the next tier is asked also half way: the button would be held there
      expect(toPrompt(await lookAt(gated))).toContain('data-gate: ready = 0, needs');
      await gated.as('app_owner', (session) => session.run('insert into public.readiness values (1)'));
      const open = await lookAt(gated);
      expect(standingOf(open)).toMatchObject({ gate: 'open', next: '2-table' });
      expect(toPrompt(open)).toContain(`oneroof rollout r --target production --statement ${statement}`);
    });
  });

  it('sees that it is done once every tier is out, not while the schema has drifted, and not after the rollback', async () => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      await letObserverIn(gated);
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      const run = (direction: 'up' | 'down', tier: string): Promise<unknown> =>
        gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier }));
      await gated.as('app_owner', (session) => session.run('insert into public.readiness values (1)'));
      await run('up', '1-rows');
      await run('up', '2-table');
      const done = await lookAt(gated);
      expect(done.reading.rows).toMatchObject({ state: 'read', cycles: [{ statement, next: { up: null } }] });
      expect(standingOf(done)).toMatchObject({ gate: 'done' });
      expect(toPrompt(done)).toMatch(/^THE RELEASE IS DONE ON "production"/);
      expect(toPrompt(done)).not.toMatch(/oneroof (rollout|rollback)/);
      expect(toRunbook(done)).toContain('**DONE ON production.**');
      // what was ratified was used up, and that changes nothing
      await gated.as('app_owner', (session) => session.run('delete from public.readiness'));
      expect(standingOf(await lookAt(gated)).gate).toBe('done');
      await gated.as('app_owner', (session) => session.run('create index stray on public.t (i)'));
      const drifted = await lookAt(gated);
      expect(standingOf(drifted)).toMatchObject({ gate: 'closed' });
      expect(toPrompt(drifted)).toContain('schema: ');
      await gated.as('app_owner', (session) => session.run('drop index public.stray'));
      // the reading is from before the rollback, and the ratifications from after it
      const before = await lookAt(gated);
      await run('down', '2-table');
      const after = await lookAt(gated);
      expect(standingOf({ ...after, reading: before.reading }).gate).toBe('closed');
      expect(standingOf(after).gate).toBe('closed');
      expect(toPrompt(after)).toContain('order: the rollback has begun');
    });
  });
});
