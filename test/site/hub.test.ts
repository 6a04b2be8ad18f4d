import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openFolderBoard } from '../../src/activity/index.ts';
import { digest, now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { type News, openHub } from '../../src/site/events/hub.io.ts';
import { openWatch } from '../../src/site/events/watch.io.ts';

const seal = digest('seal', ['hub']);
/** A fifth of the usual pace, so that nobody waits long. Milliseconds. */
const hubPace = { between: 100, afterFailure: 1000 };
const watchPace = { between: 400, afterFailure: 1000 };

it('the hub looks at its pace for however many listen, not at all for nobody, and reads the log only when it grew', {
  timeout: 30_000,
}, async () => {
  const root = mkdtempSync(join(tmpdir(), 'hub-'));
  const store = openFolderStore(root);
  const looks = { heads: 0, logs: 0 };
  const stop = new AbortController();
  const hub = openHub(
    {
      store: {
        head: () => {
          looks.heads += 1;
          return store.head();
        },
        entries: () => {
          looks.logs += 1;
          return store.entries();
        },
      },
      board: openFolderBoard(root),
    },
    stop.signal,
    hubPace,
  );
  await store.append({ kind: 'seal', seal, body: { n: 0 } }, now());
  await wait(240);
  expect(looks).toEqual({ heads: 0, logs: 0 });
  const heard: News[] = [];
  const ends = Array.from({ length: 50 }, () => hub.listen({ seal, hear: (news) => heard.push(news) }));
  await wait(600);
  expect(looks.heads).toBeGreaterThanOrEqual(3);
  expect(looks.heads).toBeLessThanOrEqual(8);
  expect(looks.logs).toBe(1);
  // all were told of the newest entry, and of nothing else
  expect(heard).toHaveLength(50);
  await store.append({ kind: 'gate', seal, body: { n: 1 } }, now());
  await expect.poll(() => heard.length, { timeout: 5000 }).toBe(100);
  expect(looks.logs).toBe(2);
  for (const end of ends) end();
  await wait(240);
  const after = looks.heads;
  // what is recorded while nobody listens is told to the next one at first
  await store.append({ kind: 'report', seal, body: { n: 2 } }, now());
  await wait(300);
  expect(looks.heads).toBe(after);
  const late: News[] = [];
  const end = hub.listen({ seal: null, hear: (news) => late.push(news) });
  const mine: News[] = [];
  const endMine = hub.listen({ seal, hear: (news) => mine.push(news) });
  await expect
    .poll(() => mine.map((news) => news.event === 'recorded' && news.entry.index), { timeout: 5000 })
    .toEqual([2]);
  end();
  endMine();
  stop.abort();
  rmSync(root, { recursive: true });
});

it('the hub goes on after evidence that cannot be read was mended', { timeout: 30_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'hub-'));
  const store = openFolderStore(root);
  await store.append({ kind: 'seal', seal, body: { n: 0 } }, now());
  let isBroken = true;
  const stop = new AbortController();
  const entries = () => (isBroken ? Promise.reject(new Error('unreadable')) : store.entries());
  const hub = openHub(
    { store: { head: () => store.head(), entries }, board: openFolderBoard(root) },
    stop.signal,
    hubPace,
  );
  const heard: News[] = [];
  const end = hub.listen({ seal, hear: (news) => heard.push(news) });
  await wait(160);
  expect(heard).toEqual([]);
  isBroken = false;
  await expect.poll(() => heard.length, { timeout: 60_000 }).toBe(1);
  end();
  stop.abort();
  rmSync(root, { recursive: true });
});

it('the watch looks once for all who listen, not at all for nobody, and tells what is another one', {
  timeout: 30_000,
}, async () => {
  let [looks, mark] = [0, 'a'];
  const stop = new AbortController();
  const watch = openWatch(
    async () => {
      looks += 1;
      if (mark === '') throw new Error('unreadable');
      return mark;
    },
    stop.signal,
    watchPace,
  );
  await wait(100);
  expect(looks).toBe(0);
  const heard: string[][] = Array.from({ length: 50 }, () => []);
  const ends = heard.map((one) => watch.listen((next) => one.push(next)));
  await expect.poll(() => heard).toEqual(heard.map(() => ['a']));
  await wait(900);
  expect(looks).toBeGreaterThanOrEqual(2);
  expect(looks).toBeLessThanOrEqual(3);
  mark = 'b';
  await expect.poll(() => heard, { timeout: 5000 }).toEqual(heard.map(() => ['a', 'b']));
  // whoever comes later is told at once, without a look
  const [before, late] = [looks, [] as string[]];
  const endLate = watch.listen((next) => late.push(next));
  expect([late, looks]).toEqual([['b'], before]);
  // a look that failed is made again
  mark = '';
  await wait(500);
  mark = 'c';
  await expect.poll(() => late, { timeout: 10_000 }).toEqual(['b', 'c']);
  for (const end of [...ends, endLate]) end();
  await wait(500);
  const after = looks;
  await wait(500);
  expect(looks).toBe(after);
  // what changed while nobody listened is told at first
  mark = 'd';
  const again: string[] = [];
  watch.listen((next) => again.push(next));
  await expect.poll(() => again).toEqual(['d']);
  stop.abort();
});
