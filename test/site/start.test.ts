import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { startEmbeddedState } from '../../src/site/index.ts';
import { openState } from '../../src/site/state/index.ts';
import { withDatabase, withSession } from '../database.io.ts';
import { freePort } from '../signing/browser.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** `oneroof serve`, as a process of its own. */
interface Command {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly told: string }>;
  /** The address with the token, once it is served. */
  readonly url: Promise<string>;
}

async function homeOf(): Promise<{ readonly home: string; readonly origin: string }> {
  const home = mkdtempSync(join(tmpdir(), 'oneroof-start-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }));
  // whoever runs the database must be able to enter
  chmodSync(home, 0o755);
  const port = await freePort();
  writeFileSync(
    join(home, 'oneroof.yaml'),
    `targets: { production: { url: "postgres://nobody@127.0.0.1:1/none" } }\nevidence: evidence\npagePort: ${port}\nserve: { folder: server, tokenFile: token }\n`,
  );
  return { home, origin: `http://localhost:${port}` };
}

function serve(
  home: string,
  more: { readonly words?: readonly string[]; readonly uid?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Command {
  const child = spawn(process.execPath, [main, 'serve', '-C', home, ...(more.words ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: home, ...more.env },
    ...(more.uid === undefined ? {} : { uid: more.uid, gid: more.uid }),
  });
  let told = '';
  const ended = new Promise<{ code: number | null; told: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, told })),
  );
  const url = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        told += String(chunk);
        const found = /open (http\S+)/.exec(told)?.[1];
        if (found !== undefined) resolve(found);
      });
    void ended.then(() => reject(new Error(told)));
  });
  url.catch(() => undefined);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { process: child, ended, url };
}

const statusOf = async (origin: string, token: string): Promise<number> =>
  (await fetch(`${origin}/`, { headers: { authorization: `Bearer ${token}` } })).status;
const tokenOf = (url: string): string => url.split('#')[1] ?? '';

it('starts with nothing installed, again at once after kill -9, alone on its folder, and stops cleanly', {
  timeout: 180_000,
}, async () => {
  const { home, origin } = await homeOf();
  const first = serve(home);
  const token = tokenOf(await first.url);
  expect(await statusOf(origin, token)).toBe(200);
  const pid = readFileSync(join(home, 'server', 'data', 'postmaster.pid'), 'utf8').split('\n')[0];
  first.process.kill('SIGKILL');
  await first.ended;
  const second = serve(home);
  expect(tokenOf(await second.url)).toBe(token);
  const lock = join(home, 'server', 'data', 'postmaster.pid');
  expect(readFileSync(lock, 'utf8').split('\n')[0]).not.toBe(pid);
  expect(existsSync(`/proc/${pid ?? ''}`)).toBe(false);

  const third = await serve(home, { words: ['--json'] }).ended;
  expect(third.told).toContain('STATE_IN_USE');
  expect(third.code).toBe(4);
  expect(await statusOf(origin, token)).toBe(200);

  // somebody listens, somebody has sent half a request
  const listening = await fetch(`${origin}/events`, { headers: { authorization: `Bearer ${token}` } });
  expect(listening.status).toBe(200);
  const half = connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => undefined);
  half.write('POST /enter HTTP/1.1\r\nHost: ');
  const from = performance.now();
  second.process.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
  expect(performance.now() - from).toBeLessThan(5000);
  expect(existsSync(lock)).toBe(false);
  half.destroy();
});

it('starts as an ordinary user too, and with --new-token shows everybody out', { timeout: 180_000 }, async () => {
  const { home, origin } = await homeOf();
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const name of ['', 'oneroof.yaml']) chownSync(join(home, name), 65_534, 65_534);
  const as = isRoot ? { uid: 65_534 } : {};
  const first = serve(home, as);
  const old = tokenOf(await first.url);
  if (isRoot) expect(statSync(join(home, 'server', 'data')).uid).toBe(65_534);
  const entered = await fetch(`${origin}/enter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ token: old }),
  });
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  expect((await fetch(`${origin}/`, { headers: { cookie } })).status).toBe(200);
  first.process.kill('SIGINT');
  expect((await first.ended).code).toBe(0);
  const second = serve(home, { ...as, words: ['--new-token'] });
  const token = tokenOf(await second.url);
  expect(token).not.toBe(old);
  expect(await statusOf(origin, token)).toBe(200);
  expect(await statusOf(origin, old)).toBe(401);
  expect((await fetch(`${origin}/`, { headers: { cookie } })).status).toBe(401);
  expect(statSync(join(home, 'token')).mode & 0o777).toBe(0o600);
});

it('refuses --new-token beside a site that is served, before anything changes', { timeout: 180_000 }, () =>
  withDatabase('18', async (state) => {
    const { home, origin } = await homeOf();
    const file = join(home, 'oneroof.yaml');
    const url = `postgres://postgres@/${state.database}?host=${encodeURIComponent(state.host)}&port=${state.port}`;
    writeFileSync(file, readFileSync(file, 'utf8').replace('serve: {', `serve: { state: { url: "${url}" },`));
    const first = serve(home);
    const token = tokenOf(await first.url);
    const second = await serve(home, { words: ['--new-token'] }).ended;
    expect(second.code).toBe(4);
    expect(second.told).toMatch(/EADDRINUSE.*; the token was not changed \[PAGE_UNSERVED\]/);
    expect(second.told).toContain('hint: end the `oneroof serve` that runs there');
    expect(await statusOf(origin, token)).toBe(200);
    expect(readFileSync(join(home, 'token'), 'utf8').trim()).toBe(token);
    // what the hint says
    first.process.kill('SIGINT');
    await first.ended;
    const third = serve(home, { words: ['--new-token'] });
    const drawn = tokenOf(await third.url);
    expect([await statusOf(origin, drawn), await statusOf(origin, token)]).toEqual([200, 401]);
  }),
);

it('refuses a webhook whose secret is not set or not valid before it serves anything', {
  timeout: 180_000,
}, async () => {
  const { home } = await homeOf();
  const hook = `webhooks: [{ url: "http://127.0.0.1:9/hook", secretFrom: ONEROOF_TEST_HOOK_SECRET }]`;
  const file = join(home, 'oneroof.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('serve: {', `serve: { ${hook},`));
  const unset = await serve(home).ended;
  expect([unset.code, unset.told]).toEqual([2, expect.stringContaining('ONEROOF_TEST_HOOK_SECRET, which is not set')]);
  for (const secret of ['whsec_', 'whsec_no!', 'whsec_YWJj=', 'whsec_YWJjZA']) {
    const { code, told } = await serve(home, { env: { ONEROOF_TEST_HOOK_SECRET: secret } }).ended;
    expect(code).toBe(2);
    expect(told).toContain('expected base64 behind whsec_ [CONFIG_INVALID]');
    expect(told).not.toMatch(/open http|whsec_(no|YWJ)/);
  }
});

it('makes its database anew where making it was cut off, and refuses a folder that it cannot use', {
  timeout: 180_000,
}, async () => {
  const { home } = await homeOf();
  const folder = join(home, 'server');
  const first = serve(home);
  const drafts = (): readonly string[] =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('draft-')) : [];
  await expect
    .poll(() => drafts().some((name) => existsSync(join(folder, name, 'base'))), { timeout: 60_000, interval: 5 })
    .toBe(true);
  first.process.kill('SIGKILL');
  await first.ended;
  expect(existsSync(join(folder, 'data'))).toBe(false);
  const server = await startEmbeddedState(folder);
  expect(drafts()).toEqual([]);
  await server.stop();
  writeFileSync(join(folder, 'data', 'PG_VERSION'), '12\n');
  await expect(startEmbeddedState(folder)).rejects.toMatchObject({ code: 'STATE_OTHER_VERSION' });
  rmSync(join(folder, 'data', 'PG_VERSION'));
  await expect(startEmbeddedState(folder)).rejects.toMatchObject({ code: 'STATE_OTHER_VERSION' });
  // a file stands where a folder is wanted
  await expect(startEmbeddedState(join(home, 'oneroof.yaml'))).rejects.toMatchObject({ code: 'STATE_UNREACHABLE' });
  // the database of root is run by somebody else, who cannot pass a folder that is root's alone
  const closed = join(home, 'closed');
  mkdirSync(closed, { mode: process.getuid?.() === 0 ? 0o700 : 0o500 });
  await expect(startEmbeddedState(join(closed, 'state'))).rejects.toMatchObject({ code: 'STATE_UNREACHABLE' });
});

it('counts the versions of its state: an older one is brought up, and said so, a newer one refused', () =>
  withDatabase('18', async (connection) => {
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const first = await openState(connection, say);
    await first.admit('x'.repeat(20));
    expect(await first.knows('x'.repeat(20))).toBe(true);
    await first.close();
    expect(said).toEqual([]);
    // as the first version was, before versions were counted
    await withSession(connection, async (session) => {
      await session.query(sql`drop table oneroof_server.version`);
      await session.query(sql`alter table oneroof_server.entrances drop column until`);
    });
    const second = await openState(connection, say);
    expect(said).toEqual(['the state of the server was brought from version 0 to version 5']);
    // who came in by an entrance without an end has to show the token of a server that still has it
    expect(await second.knows('x'.repeat(20))).toBe(false);
    await second.renew('x'.repeat(20));
    expect(await second.knows('x'.repeat(20))).toBe(false);
    await second.admit('y'.repeat(20));
    await second.renew('y'.repeat(20));
    expect(await second.knows('y'.repeat(20))).toBe(true);
    await second.shut();
    await second.renew('y'.repeat(20));
    expect(await second.knows('y'.repeat(20))).toBe(false);
    await second.close();
    await withSession(connection, (session) => session.query(sql`update oneroof_server.version set version = 99`));
    await expect(openState(connection, say)).rejects.toMatchObject({ code: 'STATE_NEWER' });
    expect(said).toHaveLength(1);
  }));
