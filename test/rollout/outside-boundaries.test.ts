import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Direction } from '../../src/release/index.ts';
import { isLong, seed } from '../counts.ts';
import { newest } from '../database.io.ts';
import { type Cut, nameOf, runCut, statements, victims, withKillGround } from './outside-kills.io.ts';
import { moments } from './moments.ts';

const directions = ['up', 'down'] as const;
/** The runner has a session from here on, until it is hung up. */
const connected = ['connected', 'settled', 'sent', 'sent written', 'running', 'answered', 'answer heard'];
/** What a statement of the kind leaves when it is cut off. */
const leaves = /^(create index|reindex|alter table)/;

/** Every kill at every moment of every statement. */
const all: readonly Cut[] = directions.flatMap((direction) =>
  statements[direction].flatMap(({ n, text }) =>
    moments.flatMap((moment, place) =>
      victims.flatMap((victim) =>
        [false, true].flatMap((clears): readonly Cut[] => {
          const isBegin = place < moments.indexOf('clearing begun') && moment !== 'intention committed';
          if (victim === 'runner' && !connected.includes(moment)) return [];
          if (clears && (isBegin || !leaves.test(text))) return [];
          if (!clears && moment.startsWith('clearing')) return [];
          return [{ direction, n, moment, clears, victim }];
        }),
      ),
    ),
  ),
);

/** The next cuts of one statement: of one kind, at different moments, in their order, so few that the gate sends it that often. */
function nextOf(left: readonly Cut[], tries: ReadonlyMap<Cut, number>): readonly Cut[] {
  const ranked = left.toSorted((a, b) => (tries.get(a) ?? 0) - (tries.get(b) ?? 0));
  const [first] = ranked;
  if (first === undefined) return [];
  const place = (one: Cut): number => moments.indexOf(one.moment);
  const of = ranked.filter(
    (one) =>
      one.clears === first.clears &&
      (one === first ||
        (one.moment !== 'running' && one.moment !== 'intention committed' && place(one) > place(first))),
  );
  const distinct = of.filter((one, at) => of.findIndex(({ moment }) => moment === one.moment) === at);
  return distinct.slice(0, 3).toSorted((a, b) => place(a) - place(b));
}

describe.each(newest)('statements outside of a transaction on PostgreSQL %s', (version) => {
  it('reach the same end, whatever is killed at whichever moment of them', { timeout: 7_200_000 }, () =>
    withKillGround(version, async (ground) => {
      const [left = []] = fc.sample(fc.shuffledSubarray([...all], { minLength: all.length }), { seed, numRuns: 1 });
      const tries = new Map<Cut, number>();
      while (left.length > 0) {
        const statement = await ground.ratify();
        for (const direction of directions) {
          const cuts = statements[direction].flatMap(({ n }) =>
            nextOf(
              left.filter((one) => one.direction === direction && one.n === n),
              tries,
            ),
          );
          const made = await runCut(ground, { statement, direction: direction satisfies Direction, cuts });
          for (const cut of cuts) {
            tries.set(cut, (tries.get(cut) ?? 0) + 1);
            if (made.includes(cut) || tries.get(cut) === 4) left.splice(left.indexOf(cut), 1);
            if (!made.includes(cut) && tries.get(cut) === 4) process.stdout.write(`never met: ${nameOf(cut)}\n`);
          }
        }
        if (!isLong) break;
        process.stdout.write(`${left.length} left, ${JSON.stringify(ground.tally)}\n`);
      }
      const { kills, disconnected: _, ...wrong } = ground.tally;
      expect(wrong).toEqual({ lost: [], twice: [], invalid: [], wrong: [] });
      expect(kills).toBeGreaterThanOrEqual(isLong ? 300 : 12);
    }),
  );
});
