import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { isLong, sampleOf } from '../counts.ts';
import { newest } from '../database.io.ts';
import { type RunnerTask } from './runner-task.ts';
import { type RolloutFixture, type Runners, withRolloutFixture, withRunners } from './fixture.io.ts';
import { forget, run, type Standing, standing } from './standing.io.ts';

const directions = ['up', 'down'] as const;

/** How an undisturbed cycle stands at its top and at its bottom, and after each of its transactions. */
interface Calm {
  /** Of each transaction, in order: the names of its boundaries. */
  readonly pieces: Readonly<Record<Direction, readonly (readonly string[])[]>>;
  /** What the tiers had told after so many transactions. */
  readonly told: Readonly<Record<Direction, readonly (readonly string[])[]>>;
  readonly ends: Readonly<Record<Direction, Standing>>;
}

async function calmly(ground: RolloutFixture): Promise<Calm> {
  const statement = await ground.submit();
  const pieces = { up: [] as string[][], down: [] as string[][] };
  const told = { up: [] as (readonly string[])[], down: [] as (readonly string[])[] };
  const ends: Partial<Record<Direction, Standing>> = {};
  for (const direction of directions) {
    await run(ground, statement, direction, {
      record: async ({ phase }) => {
        if (phase === 'intent') {
          pieces[direction].push([]);
          told[direction].push((await standing(ground, statement)).told);
        }
        pieces[direction].at(-1)?.push(phase);
      },
      onProgress: ({ at }) => void pieces[direction].at(-1)?.push(at),
    });
    ends[direction] = await standing(ground, statement);
    told[direction].push(ends[direction].told);
  }
  await forget(ground);
  return { pieces, told, ends: ends as Calm['ends'] };
}

const errandOf = (ground: RolloutFixture, statement: StatementDigest, direction: Direction): RunnerTask => ({
  sealed: ground.sealed,
  connection: ground.connection,
  statement,
  direction,
  through: null,
  boundary: 0,
  moment: 'at',
  signal: 'SIGKILL',
});

const placeOf = (direction: Direction, piece: number, at: number, name: string): string =>
  `${direction}, transaction ${piece + 1}, ${at}: ${name}`;

/** Where a process can be killed: an attempt is the first boundary of each. */
function placesOf({ pieces }: Calm): readonly { readonly name: string; readonly where: string }[] {
  return directions.flatMap((direction) =>
    pieces[direction].flatMap((names, piece) =>
      ['attempt', ...names].flatMap((name, at) =>
        name === 'attempt' && piece > 0
          ? []
          : [{ name: `${direction} ${name}`, where: placeOf(direction, piece, at, name) }],
      ),
    ),
  );
}

interface Stage {
  readonly ground: RolloutFixture;
  readonly runners: Runners;
  readonly calm: Calm;
}

/**
 * One cycle, forward and back, of which each process is killed: the first at the first boundary, the next one, which goes on where the
 * database stands, at the next. Usually it is a part of the boundaries, with each that goes on to the next transaction. After each it is seen that nothing was lost and nothing came twice. `skip` is a boundary that leaves
 * the transaction committed, as another one does: both cannot be met in one cycle.
 */
async function killedThroughout({ ground, runners, calm }: Stage, skip: readonly string[]): Promise<number> {
  const statement = await ground.submit();
  await forget(ground);
  let killed = 0;
  const places = new Set(sampleOf(placesOf(calm), { every: 6, kind: ({ name }) => name }).map(({ where }) => where));
  for (const direction of directions) {
    for (const [piece, names] of calm.pieces[direction].entries()) {
      for (const [at, name] of ['attempt', ...names].entries()) {
        const where = placeOf(direction, piece, at, name);
        const advances = name === 'applied' || name === 'committed';
        if (skip.includes(name) || !(advances || places.has(where))) continue;
        const task = { ...errandOf(ground, statement, direction), boundary: at + 1 };
        const { signal, told } = await runners.start(task).ended;
        expect(signal, `${where}: ${told}`).toBe('SIGKILL');
        killed += 1;
        const done = advances ? piece + 1 : piece;
        await gone(ground);
        expect((await standing(ground, statement)).told, where).toEqual(calm.told[direction][done]);
      }
    }
    await run(ground, statement, direction);
    expect(await standing(ground, statement), direction).toEqual(calm.ends[direction]);
  }
  return killed;
}

/** Waits until no server process of an executor is left: one whose client was killed notices it at its next word. */
async function gone({ session }: RolloutFixture): Promise<void> {
  for (const until = Date.now() + 20_000; Date.now() < until; await wait(5)) {
    const rows = await session.query(sql`
      select from pg_catalog.pg_stat_activity
      where application_name ~ '^oneroof attempt' and datname = pg_catalog.current_database()`);
    if (rows.length === 0) return;
  }
}

describe.each(newest)('a rollout on PostgreSQL %s whose process is killed', (version) => {
  it('ends as an undisturbed one, at whichever boundary it was killed, forward and back', { timeout: 300_000 }, () =>
    withRunners((runners) =>
      withRolloutFixture(version, async (ground) => {
        const calm = await calmly(ground);
        expect(calm.ends.up.told).toEqual(['1 up', '2 up', '3 up']);
        expect(calm.ends.down.told).toEqual(['1 down', '1 up', '2 down', '2 up', '3 down', '3 up']);
        const eachLeft = each.replace('commit', 'leave commit');
        for (const direction of directions)
          expect(calm.pieces[direction].map((names) => names.join(' '))).toEqual([whole, each, eachLeft, whole]);
        const stage = { ground, runners, calm };
        const before = ['attempt', 'intent', 'enter', 'step', 'leave', 'commit'];
        const killed = [
          await killedThroughout(stage, ['committed']),
          await killedThroughout(stage, ['applied', ...before]),
        ];
        // 29 boundaries of four transactions and the attempt, forward and back; usually each kind of them, and some more
        if (isLong) expect(killed).toEqual([52, 8]);
        else expect(killed.every((times, at) => times >= [20, 8][at]!)).toBe(true);
      }),
    ),
  );

  it(
    'ends as an undisturbed one where the server had been asked already: a step, or COMMIT',
    { timeout: 120_000 },
    () =>
      withRunners((runners) =>
        withRolloutFixture(version, async (ground) => {
          const calm = await calmly(ground);
          for (const [piece, name] of [
            [0, 'step'],
            [0, 'commit'],
            [1, 'commit'],
          ] as const) {
            const statement = await ground.submit();
            await forget(ground);
            for (const direction of directions) {
              const before = calm.pieces[direction].slice(0, piece).flat().length;
              const boundary = 2 + before + (calm.pieces[direction][piece]?.lastIndexOf(name) ?? 0);
              const task = { ...errandOf(ground, statement, direction), boundary, moment: 'sent' } as const;
              expect((await runners.start(task).ended).signal).toBe('SIGKILL');
              await run(ground, statement, direction);
              expect(await standing(ground, statement), `${direction} ${piece} ${name}`).toEqual(calm.ends[direction]);
            }
          }
        }),
      ),
  );

  it('leaves half of a tier that runs step by step, which goes on, or back, from its half', () =>
    withRunners((runners) =>
      withRolloutFixture(version, async (ground) => {
        const { ends, pieces } = await calmly(ground);
        // the intent of the third transaction: the first step of the second tier is committed, the other one not begun
        const boundary = 2 + pieces.up.slice(0, 2).flat().length;
        for (const way of ['on', 'back'] as const) {
          const statement = await ground.submit();
          await forget(ground);
          const before = await standing(ground, statement);
          await runners.start({ ...errandOf(ground, statement, 'up'), boundary }).ended;
          expect((await standing(ground, statement)).steps).toContainEqual({ tier: '2-each', direction: 'up', n: '1' });
          if (way === 'on') {
            await run(ground, statement, 'up');
            expect(await standing(ground, statement)).toEqual(ends.up);
          }
          await run(ground, statement, 'down');
          expect((await standing(ground, statement)).schema).toEqual(before.schema);
        }
      }),
    ));

  it('stops behind the tier that --through names, killed or not, and goes on from there', () =>
    withRunners((runners) =>
      withRolloutFixture(version, async (ground) => {
        const { ends } = await calmly(ground);
        const statement = await ground.submit();
        await forget(ground);
        const through = ground.sealed.release.tiers[0]?.id ?? null;
        const task = { ...errandOf(ground, statement, 'up'), through, boundary: 7, moment: 'sent' } as const;
        expect((await runners.start(task).ended).signal).toBe('SIGKILL');
        await run(ground, statement, 'up', { through });
        expect((await standing(ground, statement)).told).toEqual(['1 up']);
        expect(await run(ground, statement, 'up', { through })).toMatchObject({ result: 'nothing-to-do' });
        expect(await run(ground, statement, 'up')).toMatchObject({ tiers: ['2-each', '3-last'] });
        expect(await standing(ground, statement)).toEqual(ends.up);
      }),
    ));

  it('hands over to another one that races it, when it is killed in the middle of a tier', () =>
    withRunners((runners) =>
      withRolloutFixture(version, async (ground) => {
        const { ends, pieces } = await calmly(ground);
        for (const name of ['step', 'leave']) {
          const boundary = 2 + (pieces.up[0]?.indexOf(name) ?? 0);
          const statement = await ground.submit();
          await forget(ground);
          const killed = runners.start({ ...errandOf(ground, statement, 'up'), boundary });
          const other = runners.start(errandOf(ground, statement, 'up'));
          const [{ signal }, { told }] = await Promise.all([killed.ended, other.ended]);
          expect(told).toMatch(/"result":"(done|nothing-to-do)"/);
          // the one that was to be killed may have come second, with nothing left to do
          expect(['SIGKILL', null]).toContain(signal);
          expect(await standing(ground, statement)).toEqual(ends.up);
          await run(ground, statement, 'down');
        }
      }),
    ));

  it('is not gone on with by a process that slept longer than its lease', () =>
    withRunners((runners) =>
      withRolloutFixture(version, async (ground) => {
        const statement = await ground.submit();
        const zombie = runners.start({
          ...errandOf(ground, statement, 'up'),
          boundary: 4,
          signal: 'SIGSTOP',
          lease: 500,
        });
        // asleep in a transaction that holds the fence
        for (const until = Date.now() + 20_000; Date.now() < until && !(await isAsleep(ground)); ) await wait(50);
        expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done' });
        const end = await standing(ground, statement);
        process.kill(zombie.pid, 'SIGCONT');
        await zombie.ended;
        expect(await standing(ground, statement)).toEqual(end);
      }),
    ));
});

/** The boundaries of a tier in one transaction, and those of one step by itself. */
const whole = 'intent enter step step leave commit applied committed';
const each = 'intent enter step commit applied committed';

async function isAsleep({ session }: RolloutFixture): Promise<boolean> {
  const rows = await session.query(sql`
    select from pg_catalog.pg_stat_activity where application_name ~ '^oneroof attempt' and state = 'idle in transaction'
      and datname = pg_catalog.current_database()`);
  return rows.length > 0;
}
