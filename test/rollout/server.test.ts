import { expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction, type SealedRelease } from '../../src/release/index.ts';
import { execute, type RolloutEvent } from '../../src/rollout/index.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { type RolloutFixture, withRolloutFixture } from './fixture.io.ts';
import { withKillableServer } from './killable-server.io.ts';
import { forget, type Standing, standing } from './standing.io.ts';

/** Where a server is killed: at an event, before what is asked there is sent, or once it was. */
const points = [
  { at: 'enter', tier: '1-first', moment: 'at' },
  { at: 'step', tier: '3-last', moment: 'sent' },
  { at: 'commit', tier: '1-first', moment: 'at' },
  { at: 'commit', tier: '2-each', moment: 'sent' },
] as const;

const faults = ['server process', 'server'] as const;

it.each(newest.flatMap((version) => faults.map((fault) => [fault, version] as const)))(
  'a rollout whose %s is killed on PostgreSQL %s ends as an undisturbed one by the same command',
  { timeout: 180_000 },
  (fault, version) =>
    withKillableServer(version, async (killable) => {
      await runSql(killable.connection, ['create database shop']);
      const database = { ...killable.connection, database: 'shop' };
      await withRolloutFixture(
        version,
        async (ground) => {
          const look = <T>(use: (ground: RolloutFixture) => Promise<T>): Promise<T> =>
            withSession(database, (session) => use({ ...ground, session }));
          const again = (statement: StatementDigest, direction: Direction) =>
            rollOut({ ground, statement, direction }, () => undefined);
          const calm = await ground.submit();
          await again(calm, 'up');
          const top: Standing = await look((now) => standing(now, calm));
          await again(calm, 'down');
          for (const point of points) {
            const statement = await ground.submit();
            await look(forget);
            let killed: Promise<unknown> | null = null;
            const kill = async (pid: number): Promise<void> => {
              if (fault === 'server') await killable.kill();
              else process.kill(pid, 'SIGKILL');
            };
            const ended = await rollOut({ ground, statement, direction: 'up' }, ({ at, tier }, pid) => {
              if (killed !== null || at !== point.at || tier !== point.tier) return;
              if (point.moment === 'at') killed = kill(pid);
              else killed = new Promise((resolve) => setImmediate(resolve)).then(() => kill(pid));
            });
            expect(killed, `${point.at} was met`).not.toBeNull();
            await killed;
            // an answer that was lost is made good where the transaction had been committed
            expect(['done', 'CONNECTION_LOST']).toContain(ended);
            expect(await again(statement, 'up')).toMatch(/done|nothing-to-do/);
            expect(await look((now) => standing(now, statement)), `${point.moment} ${point.at}`).toEqual(top);
            await again(statement, 'down');
          }
        },
        { database },
      );
    }),
);

/** Rolls out and says how it ended; `at` is told each event, and the server's process of the attempt. */
async function rollOut(
  of: { readonly ground: RolloutFixture; readonly statement: StatementDigest; readonly direction: Direction },
  at: (event: RolloutEvent, pid: number) => void,
): Promise<string> {
  const { ground, statement, direction } = of;
  const sealed: SealedRelease = ground.sealed;
  let pid = 0;
  try {
    const { result } = await execute({
      sealed,
      statement,
      direction,
      through: null,
      target: { name: 'test', executor: ground.connection },
      record: async () => {
        // the server may be away at a later record
        if (pid !== 0) return;
        const rows = await withSession(ground.database, (session) =>
          session.query<{ pid: string }>(
            sql`select pid::text as pid from pg_catalog.pg_stat_activity where application_name ~ '^oneroof attempt'`,
          ),
        );
        pid = Number(rows[0]?.pid ?? 0);
      },
      onProgress: (event) => at(event, pid),
    });
    return result;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}
