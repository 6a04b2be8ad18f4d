import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isLong } from '../counts.ts';
import { versions } from '../database.io.ts';
import { left, none, requireKnown, whole, withBackfill } from './batches.io.ts';
import { type RolloutFixture, withRunners } from './fixture.io.ts';
import { type RunnerTask } from './runner-task.ts';
import { run } from './standing.io.ts';

const directions = ['up', 'down'] as const;
const taskOf = (
  ground: RolloutFixture,
  of: Pick<RunnerTask, 'statement' | 'direction' | 'boundary' | 'moment'>,
): RunnerTask => ({ sealed: ground.sealed, connection: ground.connection, through: null, signal: 'SIGKILL', ...of });

describe.each(versions)('batches on PostgreSQL %s whose process is killed', (version) => {
  it(
    'go on at the next batch after a kill at any boundary and any moment: nothing is lost, and nothing is done twice',
    { timeout: 560_000 },
    () =>
      withRunners((runners) =>
        withBackfill(version, async (ground) => {
          const statement = await ground.submit();
          let killed = 0;
          for (const direction of directions) {
            for (let at = 0; at < (isLong ? 60 : 8); at += 1) {
              // each run is killed at another boundary, and goes on from what the one before it left
              const boundary = 2 + ((at * 5) % 13);
              const moment = at % 2 === 0 ? 'at' : 'sent';
              const { signal, told } = await runners.start(taskOf(ground, { statement, direction, boundary, moment }))
                .ended;
              if (signal === 'SIGKILL') killed += 1;
              else expect(told).toMatch(/"result":"(done|nothing-to-do)"/);
              await requireKnown(ground, statement, `${direction}, boundary ${boundary} ${moment}`);
            }
            for (let at = 0; at < (isLong ? 30 : 3); at += 1) {
              const runner = runners.start(taskOf(ground, { statement, direction, boundary: 0, moment: 'at' }));
              await wait(30 + Math.random() * 300);
              try {
                process.kill(runner.pid, 'SIGKILL');
              } catch {
                // it has ended already
              }
              if ((await runner.ended).signal === 'SIGKILL') killed += 1;
              await requireKnown(ground, statement, `${direction}, at random`);
            }
            await run(ground, statement, direction);
            expect(await left(ground)).toEqual(direction === 'up' ? whole : none);
          }
          expect(killed).toBeGreaterThan(12);
        }),
      ),
  );
});
