import { fork } from 'node:child_process';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type Activity, openFolderBoard } from '../../src/activity/index.ts';
import { digest, now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { sendEvents } from '../../src/site/access/index.ts';
import { serverConnection, withDatabase } from '../database.io.ts';
import { freePort } from '../signing/browser.io.ts';
import { withScratch } from './scratch.io.ts';

const seal = digest('seal', ['events']);
const other = digest('seal', ['other']);

/** A visitor who listens: what came in, and whether the connection is over. */
interface Visitor {
  readonly status: number;
  text(): string;
  isOver(): boolean;
  leave(): void;
}

function listen(origin: string, path: string, headers: Readonly<Record<string, string>>): Promise<Visitor> {
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}${path}`, { headers, agent: false }, (answer) => {
      let [text, isOver] = ['', false];
      answer.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
      for (const end of ['end', 'close', 'error'] as const) answer.once(end, () => (isOver = true));
      const { statusCode: status = 0 } = answer;
      resolve({ status, text: () => text, isOver: () => isOver, leave: () => asked.destroy() });
    });
    asked.once('error', reject).end();
  });
}

const eventsOf = (visitor: Visitor): readonly string[] =>
  [...visitor.text().matchAll(/^event: (\w+)$/gm)].map(([, name = '']) => name);

/** A server in a process of its own, so that its memory and time are its own. */
interface ServerProcess {
  readonly origin: string;
  readonly token: string;
  measure(): Promise<{ readonly rss: number; readonly cpuMs: number; readonly warnings: readonly string[] }>;
  /** Says how long it took. Milliseconds. */
  stop(): Promise<number>;
  kill(): void;
}

async function startServer(home: string, state: string): Promise<ServerProcess> {
  const port = await freePort();
  const child = fork(join(import.meta.dirname, 'server.io.ts'), [], {
    execArgv: ['--import', 'tsx', '--expose-gc'],
    env: { ...process.env, ERRAND: JSON.stringify({ home, port, state: serverConnection('18', state) }) },
  });
  const said = (): Promise<Record<string, unknown>> =>
    new Promise((resolve) => child.once('message', (message) => resolve(message as Record<string, unknown>)));
  const { token } = (await said()) as { token: string };
  return {
    origin: `http://localhost:${port}`,
    token,
    measure: async () => {
      const answer = said();
      child.send('measure');
      return (await answer) as never;
    },
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      const from = performance.now();
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.send('stop');
      await gone;
      return performance.now() - from;
    },
  };
}

const activity = (n: number, more: Partial<Activity> = {}): Activity => ({
  version: 1,
  id: n.toString(16).padStart(16, '0'),
  kind: 'rollout',
  seal,
  release: 'small',
  target: 'production',
  startedAt: now(),
  updatedAt: now(),
  state: 'running',
  stage: 'statements',
  tier: '1-rows',
  step: { n: 1, of: 2, title: '\u202e<b>' },
  elapsedMs: 10,
  leftMs: null,
  waitingFor: [],
  note: null,
  ...more,
});

it(
  'five hundred visitors listen through one watcher, cheaply, and are all let go when the server stops',
  {
    timeout: 180_000,
  },
  () =>
    withScratch(async (home) =>
      withDatabase('18', async (state) => {
        const server = await startServer(home, state.database);
        onTestFinished(() => server.kill());
        const { origin } = server;
        const headers = { authorization: `Bearer ${server.token}` };
        const store = openFolderStore(join(home, 'evidence'));
        const board = openFolderBoard(join(home, 'evidence'));
        await store.append({ kind: 'seal', seal, body: { n: 0 } }, now());
        // warm: the first visitor pays for what every server needs once
        (await listen(origin, '/events', headers)).leave();
        await wait(1000);
        const before = await server.measure();
        const visitors: Visitor[] = [];
        for (let n = 0; n < 500; n += 1)
          visitors.push(
            // whatever a browser sends as the last event that it saw does no harm
            await listen(origin, `/events?release=${n === 499 ? other : seal}`, {
              ...headers,
              'last-event-id': `${n}'--`,
            }),
          );
        expect(new Set(visitors.map(({ status }) => status))).toEqual(new Set([200]));
        await wait(2000);
        const idle = await server.measure();
        await wait(5000);
        const after = await server.measure();
        const share = (after.cpuMs - idle.cpuMs) / 5000;
        const growth = (after.rss - before.rss) / 500 / 1024;
        process.stderr.write(
          `500 listeners: ${Math.round(before.rss / 1e6)} MB before, ${Math.round(after.rss / 1e6)} MB with them (${growth.toFixed(0)} KiB each), ${(share * 100).toFixed(1)} % of a core while nothing happens\n`,
        );
        // measured: 47 KiB each, 1 % of a core; the bounds leave room for a busy machine
        expect(growth).toBeLessThan(150);
        expect(share).toBeLessThan(0.3);
        expect(after.warnings).toEqual([]);

        const told = visitors.slice(0, 499);
        const count = (name: string): number => told.filter((one) => eventsOf(one).includes(name)).length;
        // each was told at first what is the newest entry
        expect(count('recorded')).toBe(499);
        await board.put(activity(1));
        await expect.poll(() => count('activity'), { timeout: 60_000 }).toBe(499);
        expect(told[0]?.text()).toContain('\\\\u{202e}<b>');
        await store.append({ kind: 'gate', seal, body: { n: 1 } }, now());
        await expect
          .poll(() => told.filter((one) => one.text().includes('"kind":"gate"')).length, { timeout: 60_000 })
          .toBe(499);
        // another release is none of their business, nor theirs of it
        expect(eventsOf(visitors[499] as Visitor)).toEqual([]);
        // the same again is no news
        const events = eventsOf(told[0] as Visitor).length;
        await board.put(activity(1, { updatedAt: now(), elapsedMs: 2000 }));
        await wait(1500);
        expect(eventsOf(told[0] as Visitor)).toHaveLength(events);

        const more = await Promise.all(Array.from({ length: 500 }, () => listen(origin, '/events', headers)));
        expect(new Set(more.map(({ status }) => status))).toEqual(new Set([200]));
        const busy = await listen(origin, '/events', headers);
        expect(busy.status).toBe(503);
        more[0]?.leave();
        await expect.poll(async () => (await listen(origin, '/events', headers)).status, { timeout: 5000 }).toBe(200);
        expect((await listen(origin, '/events', {})).status).toBe(401);
        expect(await server.stop()).toBeLessThan(5000);
        await expect.poll(() => visitors.every((one) => one.isOver())).toBe(true);
      }),
    ),
);

it('a visitor who does not read is dropped, and costs a bounded memory', { timeout: 60_000 }, async () => {
  let [sent, ended] = [0, false];
  const server = createServer((_, outgoing) => {
    sendEvents(
      outgoing,
      async (send) => {
        const data = { text: 'y'.repeat(32 * 1024) };
        while (await send({ event: 'x', data })) {
          sent += 32 * 1024;
          await wait(1);
        }
        ended = true;
      },
      { headers: {}, onDefect: (error) => expect.unreachable(String(error)) },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined).pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await expect.poll(() => ended, { timeout: 30_000 }).toBe(true);
  // what the kernel holds for a connection on this machine, and no more than our bound on top of it
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  expect(sent).toBeGreaterThan(0);
  socket.destroy();
  server.close();
});

it('a visitor who reads gets all of it, however much it is', { timeout: 60_000 }, async () => {
  const server = createServer((_, outgoing) => {
    sendEvents(
      outgoing,
      async (send) => {
        for (let n = 0; n < 300; n += 1) {
          await send({ event: 'x', data: { n, text: 'y'.repeat(32 * 1024) }, id: String(n) });
          await wait(2);
        }
      },
      { headers: { 'x-frame-options': 'DENY' }, onDefect: (error) => expect.unreachable(String(error)) },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  expect(answer.headers.get('x-frame-options')).toBe('DENY');
  expect((await answer.text()).match(/^id: /gm)).toHaveLength(300);
  server.close();
});
