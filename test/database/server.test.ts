import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import {
  createCluster,
  embeddedBinaries,
  findBinaries,
  openSession,
  sql,
  startServer,
  startTemporaryServer,
} from '../../src/database/index.ts';

const index = join(import.meta.dirname, '../../src/database/index.ts');
const root = process.getuid?.() === 0;
const rubbish: string[] = [];
afterAll(() => rubbish.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'oneroof-test-'));
  rubbish.push(path);
  return path;
}

/** A process of its own that starts a temporary server, says where, and waits. */
async function serverInChild(
  as: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv } = {},
) {
  const code = `
    import { embeddedBinaries, startTemporaryServer } from ${JSON.stringify(index)};
    const server = await startTemporaryServer({ binaries: embeddedBinaries(process.env.NATIVE), network: process.env.NETWORK ?? 'none' });
    console.log(JSON.stringify({ data: server.data, network: server.network, socket: server.connection('postgres').host }));
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--import', createRequire(import.meta.url).resolve('tsx'), '--input-type=module', '-e', code],
    {
      ...as,
      env: { ...process.env, ...as.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = await firstLine(child);
  const place = JSON.parse(said) as { data: string; socket: string; network: string };
  const pid = Number(readFileSync(join(place.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return { child, pid, ...place };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let [out, err] = ['', ''];
  child.stderr?.on('data', (chunk) => (err += String(chunk)));
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      out += String(chunk);
      if (out.includes('\n')) resolve(out);
    });
    child.once('exit', (status) => reject(new Error(`ended with ${status}: ${err}`)));
  });
}

/** Whether a process names the folder in its command line: the server, its watchdog, or what that started. */
const named = (folder: string): boolean =>
  readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(join('/proc', pid, 'cmdline'), 'utf8').includes(folder);
    } catch {
      return false;
    }
  });

/** Whether the server's processes, its data and its socket's folder are gone within five seconds. */
async function gone(server: {
  readonly pid: number;
  readonly data: string;
  readonly socket: string;
}): Promise<boolean> {
  for (const began = Date.now(); Date.now() - began < 5000; await sleep(50)) {
    if (existsSync(`/proc/${server.pid}`) || existsSync(dirname(server.data)) || existsSync(server.socket)) continue;
    if (!named(server.data)) return true;
  }
  return false;
}

test.each([
  ['SIGKILL', 'none'],
  ['SIGINT', 'none'],
  ['SIGTERM', 'none'],
  ['SIGKILL', 'host'],
] as const)(
  'a private server and its folders are gone soon after %s, where it asked for the network %s',
  async (signal, network) => {
    const server = await serverInChild({ env: { NETWORK: network } });
    expect(existsSync(join(server.data, 'PG_VERSION'))).toBe(true);
    expect(lstatSync(server.socket).mode & 0o777).toBe(0o700);
    server.child.kill(signal);
    expect(await gone(server)).toBe(true);
  },
);

test.runIf(root)('a private server runs for an ordinary user too', async () => {
  const uid = 65_534;
  const home = folder();
  chownSync(home, uid, uid);
  const server = await serverInChild({ uid, gid: uid, env: { HOME: home, TMPDIR: '/tmp' } });
  expect(lstatSync(server.data).uid).toBe(uid);
  const words = ['--user', '--map-current-user', '--net', 'true'];
  const allowed = spawnSync('unshare', words, { uid, gid: uid }).status === 0;
  expect(server.network).toBe(allowed ? 'none' : 'host');
  server.child.kill('SIGKILL');
  expect(await gone(server)).toBe(true);
});

test('the links between libraries are made again, and a copy is used where the files cannot be reached', async () => {
  const copy = join(folder(), 'package');
  const original = dirname(dirname(embeddedBinaries().folder));
  mkdirSync(copy);
  cpSync(original, copy, { recursive: true, verbatimSymlinks: true });
  const library = join(copy, 'native', 'lib');
  const links = readdirSync(library).filter((name) => lstatSync(join(library, name)).isSymbolicLink());
  expect(links.length).toBeGreaterThan(0);
  for (const name of links) unlinkSync(join(library, name));
  // a private home, as an ordinary one is: where we are root, the server's user does not get through
  chmodSync(dirname(copy), 0o700);
  const binaries = embeddedBinaries(join(copy, 'native'));
  expect(binaries.folder.startsWith(copy)).toBe(!root);
  expect(readdirSync(library).filter((name) => lstatSync(join(library, name)).isSymbolicLink())).toEqual(links);
  chmodSync(dirname(copy), 0o755);
  const server = await startTemporaryServer({ binaries: embeddedBinaries(join(copy, 'native')) });
  const session = await openSession(server.connection('postgres'), { applicationName: 'test' });
  expect(await session.query(sql`select 1 as one`)).toEqual([{ one: '1' }]);
  await session.close();
  await server.stop();
  expect(existsSync(server.data)).toBe(false);
});

test('a server that cannot start says why, and leaves no folder of its socket', async () => {
  const binaries = embeddedBinaries();
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('oneroof-data-'));
  await expect(startTemporaryServer({ binaries, settings: { shared_buffers: 'plenty' } })).rejects.toMatchObject({
    code: 'SERVER_START',
    message: expect.stringContaining('shared_buffers'),
  });
  await expect(startServer({ binaries, data: join(folder(), 'none') })).rejects.toMatchObject({ code: 'SERVER_START' });
  const full = folder();
  cpSync(import.meta.filename, join(full, 'something'));
  await expect(createCluster({ binaries, data: full })).rejects.toMatchObject({ code: 'SERVER_START' });
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('oneroof-data-')).length).toBeLessThanOrEqual(
    before.length + 3,
  );
});

test('a version that is not installed is SERVER_NO_BINARIES with the way to install it', () => {
  expect(() => findBinaries(9)).toThrowError(expect.objectContaining({ code: 'SERVER_NO_BINARIES' }));
});
