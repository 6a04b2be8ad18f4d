import { describe, expect, it } from 'vitest';
import { count, isLong, sampleOf } from '../counts.ts';
import { newest } from '../database.io.ts';
import { withCommand } from './command.io.ts';
import { calmly, disturbed, killedAtRandom, placesOf } from './disturb.io.ts';

const timeout = 3_600_000;

describe.each(newest)('rollout and rollback on PostgreSQL %s, as people type them, reach the same end', (version) => {
  it('wherever their process is killed', { timeout }, () =>
    withCommand(version, async (command) => {
      const calm = await calmly(command);
      expect(calm.words.up.map((words) => words.join(' '))).toEqual([whole, step, lastStep, whole]);
      let times = 0;
      for (let cycle = 0; cycle < count('killedCycles'); cycle += 1) {
        const places = sampleOf(placesOf(calm), { every: 16 });
        times += await disturbed(command, calm, { places, by: 'kill' });
        times += await killedAtRandom(command, calm, isLong ? 8 : 2);
      }
      expect(times).toBeGreaterThanOrEqual(isLong ? 500 : 8);
    }),
  );

  it('wherever their connection is cut', { timeout }, () =>
    withCommand(version, async (command) => {
      const calm = await calmly(command);
      let times = 0;
      for (let cycle = 0; cycle < count('cutCycles'); cycle += 1)
        times += await disturbed(command, calm, { places: sampleOf(placesOf(calm), { every: 20 }), by: 'cut' });
      expect(times).toBeGreaterThanOrEqual(isLong ? 300 : 5);
    }),
  );
});

/** The words of a tier in one transaction, and those of the first and the last step of one that runs step by step. */
const whole = 'begin enter_tier run_step run_step leave_tier commit';
const step = 'begin enter_tier run_step commit';
const lastStep = 'begin enter_tier run_step leave_tier commit';
