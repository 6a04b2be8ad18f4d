import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, sql } from '../../src/database/index.ts';
import { requireLoopback, tryLoopback } from '../../src/gate/index.ts';
import { loopbackSql } from '../../src/gate/loopback.ts';
import { runSql, versions } from '../database.io.ts';
import { withGate } from './cycle.io.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback.io.ts';

describe.each(versions)('the loopback in PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  it('connects as the runner with a password that is gone afterwards', async () => {
    await withGate(version, { owned: { server: at.connection('postgres'), installer: null } }, async (gated) => {
      await gated.as('oneroof_executor', async (session) => {
        const [before] = await session.query(sql`select gate.outside_problem() as problem`);
        expect(before).toEqual({ problem: 'the extension dblink is not installed in this database' });
      });
      await runSql(gated.database, [
        `do $x$ begin execute $t$${loopbackSql({ appOwner: 'app_owner', as: 'superuser' }).replaceAll('$do$', '$d$')}$t$; end $x$`,
      ]);
      await gated.as('oneroof_executor', async (session) => {
        expect(await session.query(sql`select gate.outside_problem() as problem`)).toEqual([{ problem: null }]);
        await session.query(sql`select gate.outside_prepare()`);
        expect(await session.query(sql`select gate.outside_try() as problem`)).toEqual([{ problem: null }]);
        expect(await session.query(sql`select gate.outside_try() as problem`)).toEqual([
          { problem: 'this session has prepared no connection' },
        ]);
        // refused for a moment, as by a server that is restarted; and for longer
        await at.rule('reject');
        expect(await tryLoopback(session)).toMatch(/rejects/);
        const patient = requireLoopback(session, 'shop').catch((error: unknown) => error);
        await at.rule('scram-sha-256');
        expect(await patient).toBeUndefined();
        await at.rule('reject');
        await expect(requireLoopback(session, 'shop')).rejects.toMatchObject({ code: 'GATE_LOOPBACK' });
        await at.rule('scram-sha-256');
      });
      const admin = await openSession(gated.database, { applicationName: 'test' });
      const [row] = await admin.query(sql`select rolpassword as word from pg_authid where rolname = 'oneroof_runner'`);
      expect(row).toEqual({ word: null });
      await admin.close();
    });
  });
});
