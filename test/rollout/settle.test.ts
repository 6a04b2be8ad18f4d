import { expect, it } from 'vitest';
import { type Connection, openSession } from '../../src/database/index.ts';
import { readBackend, readIdentity } from '../../src/rollout/gate-calls.io.ts';
import { settle } from '../../src/rollout/settle.io.ts';
import { versions } from '../database.io.ts';
import { runTier, withCopy, withGate } from '../gate/cycle.io.ts';

it.each(versions)(
  'a marker on PostgreSQL %s is believed in the database that the transaction ran in, and not in a copy that answers in its place',
  (version) =>
    withGate(version, {}, async (gated) => {
      const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
      const ran = await gated.as('oneroof_executor', async (session) => {
        const found = { before: await readIdentity(session), backend: await readBackend(session) };
        await runTier(session, { gated, statement, direction: 'up', tier: '1-rows' });
        return found;
      });
      const open = (where: Connection) => () =>
        openSession({ ...where, user: 'oneroof_executor' }, { applicationName: 'oneroof outcome' });
      const entry = { statement, direction: 'up', tier: '1-rows', epoch: '1' } as const;
      const lost = { ...ran, entry, lastStep: null, patience: 10_000 };
      expect(await settle({ ...lost, open: open(gated.database) })).toEqual({
        outcome: 'applied',
        replication: 'as-configured',
      });
      // the copy has the marker too: only its identity tells it from the database that was asked
      const elsewhere = await withCopy(gated, (copy) => settle({ ...lost, open: open(copy) }));
      expect(elsewhere).toMatchObject({ outcome: 'unknown', why: 'another database answers at this address' });
      // without that check it would have been taken for applied
      const unchecked = await withCopy(gated, async (copy) => {
        const session = await open(copy)();
        const before = await readIdentity(session).finally(() => session.close());
        return settle({ ...lost, before, open: open(copy) });
      });
      expect(unchecked).toEqual({ outcome: 'applied', replication: 'as-configured' });
    }),
);
