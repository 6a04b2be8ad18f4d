import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Activity,
  type ActivityBoard,
  heartbeat,
  keptActivities,
  openFolderBoard,
  openPostgresBoard,
  silence,
  startReporter,
} from '../../src/activity/index.ts';
import { digest, type Instant } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { newest, withDatabase, withSession } from '../database.io.ts';
import { type Version } from '../binaries.io.ts';

const seal = digest('seal', ['a']);
const activity = (n: number, more: Partial<Activity> = {}): Activity => ({
  version: 1,
  id: n.toString(16).padStart(16, '0'),
  kind: 'rehearsal',
  seal,
  release: 'small',
  target: 'clone',
  startedAt: new Date(Date.parse('2026-06-03T08:00:00.000Z') + n * 1000).toISOString() as Instant,
  updatedAt: '2026-06-03T08:00:00.000Z' as Instant,
  state: 'running',
  stage: 'forward',
  tier: '1-rows',
  step: { n: 1, of: 2, title: '<script>' },
  elapsedMs: 10,
  leftMs: null,
  waitingFor: [{ pid: 7, application: 'psql', relation: 'public.t', mode: 'AccessExclusiveLock' }],
  note: null,
  ...more,
});

/** A board, and the means to make an activity on it older, or to put nonsense there. */
interface Place {
  readonly open: () => ActivityBoard;
  readonly age: (id: string, ms: number) => Promise<void>;
  readonly spoil: () => Promise<void>;
}

async function inFolder(use: (place: Place) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'activity-'));
  const file = (id: string): string => join(root, 'activity', `${id}.json`);
  await use({
    open: () => openFolderBoard(root),
    age: async (id, ms) => utimesSync(file(id), new Date(), new Date(Date.now() - ms)),
    spoil: async () => {
      writeFileSync(file('f'.repeat(16)), '{"version":1,');
      writeFileSync(file('e'.repeat(16)), JSON.stringify({ ...activity(1), state: 'opened' }));
      writeFileSync(join(root, 'activity', '..json'), '{}');
    },
  });
  rmSync(root, { recursive: true });
}

const inPostgres = (version: Version) => (use: (place: Place) => Promise<void>) =>
  withDatabase(version, (connection) =>
    use({
      open: () => openPostgresBoard(connection),
      age: (id, ms) =>
        withSession(connection, async (session) => {
          await session.query(
            sql`update oneroof_activity.activities set told_at = told_at - make_interval(secs => ${ms / 1000}) where id = ${id}`,
          );
        }),
      spoil: () =>
        withSession(connection, async (session) => {
          await session.query(sql`insert into oneroof_activity.activities (id, body) values ('x', '[]')`);
        }),
    }),
  );

const places = [
  ['a folder', inFolder] as const,
  ...newest.map((version) => [`PostgreSQL ${version}`, inPostgres(version)] as const),
];

describe.each(places)('activities in %s', (_, within) => {
  const withBoard = (use: (board: ActivityBoard, place: Place) => Promise<void>) =>
    within(async (place) => {
      const board = place.open();
      await use(board, place).finally(() => board.close());
    });

  it('come back newest first, the last word of each', () =>
    withBoard(async (board, { open }) => {
      expect(await board.all()).toEqual([]);
      await board.put(activity(1));
      await board.put(activity(2, { state: 'held', note: 'BLOCKED' }));
      await board.put(activity(1, { tier: '2-table', elapsedMs: 20 }));
      const other = open();
      expect(await other.all()).toEqual([
        activity(2, { state: 'held', note: 'BLOCKED' }),
        activity(1, { tier: '2-table', elapsedMs: 20 }),
      ]);
      await other.close();
    }));

  it('are lost after a silence when they were running, and stay what they were otherwise', () =>
    withBoard(async (board, { age }) => {
      for (const [n, state] of (['running', 'running', 'done', 'failed', 'held'] as const).entries())
        await board.put(activity(n, { state }));
      for (const n of [1, 2, 3, 4]) await age(activity(n).id, silence + 1000);
      expect((await board.all()).map(({ state }) => state)).toEqual(['held', 'failed', 'done', 'lost', 'running']);
    }));

  it('are kept in a bounded number, and what is none is passed over', () =>
    withBoard(async (board, { age, spoil }) => {
      await board.put(activity(0));
      await age(activity(0).id, 60_000);
      for (let n = 1; n <= keptActivities; n += 1) await board.put(activity(n));
      const all = await board.all();
      expect(all).toHaveLength(keptActivities);
      expect(all.some(({ id }) => id === activity(0).id)).toBe(false);
      await spoil();
      expect((await board.all()).every(({ release }) => release === 'small')).toBe(true);
    }));

  it('are reported a few times a second, with what is left, and with a last word', () =>
    withBoard(async (board) => {
      const puts: Activity[] = [];
      const counted: ActivityBoard = { ...board, put: (one) => board.put(one).then(() => void puts.push(one)) };
      const course = [
        { part: 'forward', ms: 5000 },
        { part: 'back', ms: 3000 },
      ];
      const plan = { board: counted, course, kind: 'rollout', seal, release: 'small', target: 'production' } as const;
      const reporter = startReporter({ ...plan, onTrouble: (why) => expect.unreachable(why) });
      const until = performance.now() + 1000;
      for (let n = 1; performance.now() < until; n += 1) {
        reporter.tell({ part: 'forward', stage: 'forward', step: { n, of: 1000, title: 'INSERT' } });
        await wait(5);
      }
      await expect.poll(async () => (await board.all())[0]?.stage).toBe('forward');
      const [running] = await board.all();
      expect(running).toMatchObject({ state: 'running', target: 'production', kind: 'rollout' });
      expect(running?.leftMs).toBeGreaterThan(6000);
      expect(running?.leftMs).toBeLessThan(8000);
      await reporter.end('failed', 'x'.repeat(5000));
      expect((await board.all())[0]).toMatchObject({ state: 'failed', leftMs: null });
      expect(puts.length).toBeLessThanOrEqual(6);
      expect(puts.length).toBeGreaterThanOrEqual(3);
    }));
});

it('a command that has nothing new to tell still says a word, so that it is not taken for lost', () =>
  inFolder(async ({ open, age }) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const board = open();
    const plan = { board, course: null, kind: 'rollout', seal, release: 'small', target: 'production' } as const;
    const reporter = startReporter({ ...plan, onTrouble: (why) => expect.unreachable(why) });
    await expect.poll(() => board.all(), { timeout: 10_000 }).toHaveLength(1);
    const [first] = await board.all();
    await age(first?.id ?? '', silence + 1000);
    expect((await board.all())[0]?.state).toBe('lost');
    vi.advanceTimersByTime(heartbeat);
    await expect.poll(async () => (await board.all())[0]?.state, { timeout: 10_000 }).toBe('running');
    await reporter.end('done', null);
  }));

describe('a board that fails', () => {
  const plan = { course: null, kind: 'rollout', seal, release: 'small', target: 'production' } as const;

  it('is told of once, and neither breaks nor slows what is reported', async () => {
    const root = mkdtempSync(join(tmpdir(), 'activity-'));
    writeFileSync(join(root, 'activity'), 'a file where the folder should be');
    const troubles: string[] = [];
    const reporter = startReporter({ ...plan, board: openFolderBoard(root), onTrouble: (why) => troubles.push(why) });
    const from = performance.now();
    for (let n = 0; n < 1000; n += 1) reporter.tell({ stage: `${n}` });
    expect(performance.now() - from).toBeLessThan(200);
    await expect.poll(() => troubles, { timeout: 10_000 }).toHaveLength(1);
    await reporter.end('done', null);
    expect(troubles).toEqual([expect.stringMatching(/EEXIST|ENOTDIR/)]);
    rmSync(root, { recursive: true });
  });

  it('holds the last word up for a bounded time where it never answers', { timeout: 10_000 }, async () => {
    const never: ActivityBoard = {
      put: () => new Promise(() => undefined),
      all: async () => [],
      close: async () => {},
    };
    const reporter = startReporter({ ...plan, board: never, onTrouble: (why) => expect.unreachable(why) });
    const from = performance.now();
    await reporter.end('done', null);
    expect(performance.now() - from).toBeLessThan(4000);
  });

  it('writes whole files: a reader meets no half of one', async () => {
    const root = mkdtempSync(join(tmpdir(), 'activity-'));
    const board = openFolderBoard(root);
    await board.put(activity(1));
    const course = { over: false };
    const writing = (async () => {
      for (let n = 0; n < 300; n += 1) await board.put(activity(1, { note: 'y'.repeat((n * 997) % 4000) }));
      course.over = true;
    })();
    let looks = 0;
    while (!course.over) {
      expect(await openFolderBoard(root).all()).toHaveLength(1);
      looks += 1;
    }
    await writing;
    expect(looks).toBeGreaterThan(10);
    expect(readdirSync(join(root, 'activity')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    rmSync(root, { recursive: true });
  });
});
