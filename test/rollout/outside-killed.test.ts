import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { isLong } from '../counts.ts';
import { newest, runSql } from '../database.io.ts';
import { type LoopbackServer, startLoopbackServer } from '../gate/loopback.io.ts';
import { withRunners } from './fixture.io.ts';
import { indexIn, outsideFiles, withOutside } from './outside.io.ts';

const files = outsideFiles(
  'create index concurrently big_v on public.big (v);\ncreate index concurrently big_w on public.big (id, v);',
  'drop index concurrently if exists big_w;\ndrop index concurrently if exists big_v;',
);

describe.each(newest)('statements outside of a transaction on PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  it('reach the same end wherever their process, its session, or the session of the gate is killed', {
    timeout: 3_600_000,
  }, async () => {
    await withOutside({ version, at }, { files }, async (ground) => {
      const { gated, admin } = ground;
      const executor = { ...gated.database, user: 'oneroof_executor' };
      let kills = 0;
      const rounds = isLong ? 60 : 4;
      await withRunners(async (runners) => {
        for (let round = 0; round < rounds; round += 1) {
          const { ana, ben } = gated.people;
          const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
          for (const direction of ['up', 'down'] as const) {
            for (let cut = 0; cut < 3; cut += 1) {
              const runner = runners.start({
                sealed: gated.sealed,
                connection: executor,
                statement,
                direction,
                through: null,
                boundary: 0,
                moment: 'at',
                signal: 'SIGKILL',
              });
              await wait(Math.random() * 400);
              if (cut === 0) process.kill(runner.pid, 'SIGKILL');
              else
                await admin.query(
                  sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${cut === 1 ? 'oneroof_executor' : 'oneroof_runner'} and datname = current_database()`,
                );
              kills += 1;
              await runner.ended;
            }
            const ended = await ground.run(direction, { statement });
            expect(ended.result).toMatch(/done|nothing-to-do/);
            expect(await indexIn(ground)).toBe(direction === 'up' ? 'valid' : 'absent');
          }
          const [row] = await admin.query(sql`
            select (select count(*)::text from pg_index where not indisvalid) as invalid, (select count(*)::text from gate.steps s where s.statement = ${statement}) as steps,
              (select count(*)::text from gate.markers m where m.statement = ${statement}) as markers,
              (select count(*)::text from gate.outside o where o.statement = ${statement} and o.phase <> 'done') as undecided,
              (select rolpassword from pg_authid where rolname = 'oneroof_runner') as word`);
          expect(row).toMatchObject({ invalid: '0', steps: '4', markers: '2', undecided: '0', word: null });
        }
      });
      expect(kills).toBe(rounds * 6);
    });
  });
});
