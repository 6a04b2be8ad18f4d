import { expect, it } from 'vitest';
import { id, sql } from '../../src/database/index.ts';
import { preflight } from '../../src/rollout/index.ts';
import { runSql, versions } from '../database.io.ts';
import { withRolloutFixture } from './fixture.io.ts';

it.each(versions)(
  'the look before a rollout on PostgreSQL %s holds without a statement, a gate, or a server that writes',
  (version) =>
    withRolloutFixture(version, async ({ database, connection, sealed, session, submit }) => {
      const look = () => preflight({ sealed, executor: connection, direction: 'up', statement: null });
      expect(await look()).toMatchObject({
        verdict: { decision: 'NO-GO', statement: null, reasons: [{ code: 'not-ratified' }] },
      });
      const statement = await submit();
      expect(await look()).toMatchObject({ verdict: { decision: 'GO', statement, reasons: [] } });
      await session.query(sql`alter database ${id(connection.database)} set default_transaction_read_only = on`);
      await expect(look()).rejects.toMatchObject({ code: 'ROLLOUT_READ_ONLY' });
      await session.query(sql`alter database ${id(connection.database)} reset default_transaction_read_only`);
      await runSql(database, ['drop schema gate cascade']);
      await expect(look()).rejects.toMatchObject({ code: 'GATE_NOT_INSTALLED' });
    }),
);
