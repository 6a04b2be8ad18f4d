import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isLong } from '../counts.ts';
import { newest } from '../database.io.ts';
import { victims, withKillGround } from './outside-kills.io.ts';

/** Kills of one direction of a cycle: the gate sends a statement at most ten times. */
const eachWay = 4;
/** Longer than an undisturbed direction takes. Milliseconds. */
const longest = 600;

describe.each(newest)('statements outside of a transaction on PostgreSQL %s', (version) => {
  it('reach the same end, whatever is killed at random moments', { timeout: 7_200_000 }, () =>
    withKillGround(version, async (ground) => {
      const enough = isLong ? 300 : 12;
      while (ground.tally.kills < enough) {
        const statement = await ground.ratify();
        for (const direction of ['up', 'down'] as const) {
          let runner = ground.start(statement, direction);
          for (let cut = 0; cut < eachWay; cut += 1) {
            const isOver = await Promise.race([runner.ended.then(() => true), wait(Math.random() * longest, false)]);
            if (isOver) break;
            const victim = victims[Math.floor(Math.random() * victims.length)] ?? 'client';
            const isKilled = await ground.kill(victim, runner);
            if (isKilled && victim === 'client') runner = ground.start(statement, direction);
          }
          await ground.ended(runner, `${direction}, at random`);
          await ground.conclude(statement, direction);
        }
        if (isLong) process.stdout.write(`${JSON.stringify(ground.tally)}\n`);
      }
      const { kills: _, disconnected: __, ...wrong } = ground.tally;
      expect(wrong).toEqual({ lost: [], twice: [], invalid: [], wrong: [] });
    }),
  );
});
