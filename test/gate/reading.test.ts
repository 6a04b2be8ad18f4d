import { expect, test, describe } from 'vitest';
import { now } from '../../src/core/index.ts';
import { type Connection, observerStatements } from '../../src/database/index.ts';
import { readGate } from '../../src/gate/index.ts';
import { type MetricName, type TierId } from '../../src/release/index.ts';
import { newest, runSql, withDatabase } from '../database.io.ts';
import { sealed } from '../rehearsal/made.ts';

const metric = (name: string, text: string) => {
  const place = { file: `metrics/${name}.sql`, line: 1, column: 1 };
  const query = { sql: text, digest: sealed([]).seal, kind: 'SelectStmt', title: 'SELECT', place, transactional: true };
  return { name: name as MetricName, title: name, query };
};

function look(observer: Connection, text = 'select count(*) from orders') {
  const gate = {
    id: 'g',
    title: 'g',
    metric: 'ospa' as MetricName,
    expectation: { atLeast: 1 },
    before: 'one' as TierId,
  };
  const release = sealed([], { metrics: [metric('ospa', text)], gates: [gate] });
  return readGate({ release, target: { name: 'production', observer }, at: now() });
}

describe.each(newest)('the gate on PostgreSQL %s', (version) => {
  test('is blocked, then open; unmeasured or unreachable is BLOCKED; a writer is OBSERVER_CAN_WRITE', async () => {
    await withDatabase(version, async (admin) => {
      const role = `o_${admin.database}`;
      await runSql(admin, ['create table public.orders (id int primary key)']);
      await runSql(admin, observerStatements(role, ['public']));
      const as = { ...admin, user: role };
      try {
        const blocked = await look(as);
        expect(blocked.verdict).toMatchObject({ decision: 'BLOCKED', reasons: [{ kind: 'data-gate', measured: 0 }] });
        expect(blocked).toMatchObject({ changedMeanwhile: [], harmless: { rowsWritten: 0 } });
        await runSql(admin, ['insert into public.orders values (1)']);
        expect((await look(as)).verdict).toEqual({ decision: 'OPEN' });
        expect((await look(as, 'select null')).verdict).toMatchObject({ reasons: [{ kind: 'unmeasured' }] });
        const moving = await look(as, 'select extract(epoch from now())');
        expect(moving.changedMeanwhile).toEqual(['ospa']);
        const gone = await look({ ...as, database: 'nowhere_at_all' });
        expect(gone.verdict).toMatchObject({ decision: 'BLOCKED', reasons: [{ kind: 'unreachable' }] });
        const lost = await look(as, 'select pg_terminate_backend(pg_backend_pid())::int');
        expect(lost.verdict).toMatchObject({ reasons: [{ kind: 'unreachable' }] });
        await expect(look(admin)).rejects.toMatchObject({ code: 'OBSERVER_CAN_WRITE' });
      } finally {
        await runSql(admin, [`drop owned by ${role}`, `drop role ${role}`]);
      }
    });
  });
});
