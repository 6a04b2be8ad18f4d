import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { versions } from '../database.io.ts';
import { type Errand } from './errand.ts';
import { type Ground, type Runners, withGround, withRunners } from './ground.io.ts';
import { forget, run, type Standing, standing } from './standing.io.ts';

const directions = ['up', 'down'] as const;

/** The boundaries of an undisturbed cycle, in order, and how it stands at its top and at its bottom. */
interface Calm {
  readonly boundaries: Readonly<Record<Direction, readonly string[]>>;
  readonly ends: Readonly<Record<Direction, Standing>>;
}

async function calmly(ground: Ground): Promise<Calm> {
  const statement = await ground.submit();
  const boundaries = { up: [] as string[], down: [] as string[] };
  const ends: Partial<Record<Direction, Standing>> = {};
  for (const direction of directions) {
    await run(ground, statement, direction, {
      record: async ({ phase }) => void boundaries[direction].push(phase),
      onProgress: ({ at }) => void boundaries[direction].push(at),
    });
    ends[direction] = await standing(ground, statement);
  }
  return { boundaries, ends: ends as Calm['ends'] };
}

const errandOf = (ground: Ground, statement: StatementDigest, direction: Direction): Errand => ({
  folder: ground.folder,
  connection: ground.connection,
  statement,
  direction,
  through: null,
  boundary: 0,
  moment: 'at',
  signal: 'SIGKILL',
});

/** One cycle whose process is killed at the same boundary forward and back, and gone on with by the same command. */
async function killedAt(
  of: { readonly ground: Ground; readonly runners: Runners; readonly calm: Calm },
  point: Pick<Errand, 'boundary' | 'moment'>,
): Promise<void> {
  const { ground, runners, calm } = of;
  const statement = await ground.submit();
  await forget(ground);
  for (const direction of directions) {
    if (point.boundary > calm.boundaries[direction].length) continue;
    const { signal, told } = await runners.start({ ...errandOf(ground, statement, direction), ...point }).ended;
    const name = `${direction}, ${point.moment} boundary ${point.boundary}, ${calm.boundaries[direction][point.boundary - 1]}`;
    expect(signal, `${name}: ${told}`).toBe('SIGKILL');
    await run(ground, statement, direction);
    expect(await standing(ground, statement), name).toEqual(calm.ends[direction]);
  }
}

describe.each(versions)('a rollout on PostgreSQL %s whose process is killed', (version) => {
  it('ends as an undisturbed one, whichever boundary it was killed at, forward and back', { timeout: 300_000 }, () =>
    withRunners((runners) =>
      withGround(version, async (ground) => {
        const calm = await calmly(ground);
        expect(calm.ends.up.told).toEqual(['1 up', '2 up', '3 up']);
        expect(calm.ends.down.told).toEqual(['1 down', '1 up', '2 down', '2 up', '3 down', '3 up']);
        expect(calm.boundaries.up.join(' ')).toBe(
          `attempt ${whole} ${each} ${each.replace('commit', 'leave commit')} ${whole}`,
        );
        expect(calm.boundaries.down).toHaveLength(calm.boundaries.up.length);
        for (const at of calm.boundaries.up.keys())
          await killedAt({ ground, runners, calm }, { boundary: at + 1, moment: 'at' });
      }),
    ),
  );

  it(
    'ends as an undisturbed one where the server had been asked already: a step, or COMMIT',
    { timeout: 300_000 },
    () =>
      withRunners((runners) =>
        withGround(version, async (ground) => {
          const calm = await calmly(ground);
          const asked = [...calm.boundaries.up.entries()].filter(([, name]) => name === 'commit');
          expect(asked).toHaveLength(4);
          const [step = 0] = [calm.boundaries.up.lastIndexOf('step')];
          for (const at of [...asked.map(([boundary]) => boundary), step])
            await killedAt({ ground, runners, calm }, { boundary: at + 1, moment: 'sent' });
        }),
      ),
  );

  it('leaves half of a tier that runs step by step, which goes on, or back, from its half', () =>
    withRunners((runners) =>
      withGround(version, async (ground) => {
        const { ends, boundaries } = await calmly(ground);
        // the fifth transaction's intent: the first step of the second tier is committed, the other one not begun
        const boundary =
          boundaries.up.indexOf('intent', boundaries.up.indexOf('intent', 2 + whole.split(' ').length) + 1) + 1;
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
      withGround(version, async (ground) => {
        const { ends } = await calmly(ground);
        const statement = await ground.submit();
        await forget(ground);
        const through = ground.sealed.release.tiers[0]?.id ?? null;
        const errand = { ...errandOf(ground, statement, 'up'), through, boundary: 7, moment: 'sent' } as const;
        expect((await runners.start(errand).ended).signal).toBe('SIGKILL');
        await run(ground, statement, 'up', { through });
        expect((await standing(ground, statement)).told).toEqual(['1 up']);
        expect(await run(ground, statement, 'up', { through })).toMatchObject({ result: 'nothing-to-do' });
        expect(await run(ground, statement, 'up')).toMatchObject({ tiers: ['2-each', '3-last'] });
        expect(await standing(ground, statement)).toEqual(ends.up);
      }),
    ));

  it('hands over to another one that races it, when it is killed in the middle of a tier', () =>
    withRunners((runners) =>
      withGround(version, async (ground) => {
        const { ends, boundaries } = await calmly(ground);
        for (const boundary of [boundaries.up.indexOf('step') + 1, boundaries.up.indexOf('leave') + 1]) {
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
      withGround(version, async (ground) => {
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

async function isAsleep({ session }: Ground): Promise<boolean> {
  const rows = await session.query(sql`
    select from pg_catalog.pg_stat_activity where application_name ~ '^oneroof attempt' and state = 'idle in transaction'
      and datname = pg_catalog.current_database()`);
  return rows.length > 0;
}
