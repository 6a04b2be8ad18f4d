import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { type Binaries, openSession, startTemporaryServer } from '../../src/database/index.ts';
import { newest } from '../database.io.ts';
import { binariesOf } from '../binaries.io.ts';

const root = process.getuid?.() === 0;
/** Asked of the kernel by other words than the product's. */
const words = root ? ['--net', 'true'] : ['--user', '--map-current-user', '--net', 'true'];
const isAllowed = spawnSync('unshare', words).status === 0;

/** A listener of this machine that counts who comes. */
async function listening<T>(use: (port: number, came: () => number) => Promise<T>): Promise<T> {
  let count = 0;
  const listener = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  try {
    return await use(typeof address === 'object' ? (address?.port ?? 0) : 0, () => count);
  } finally {
    listener.close();
  }
}

/** How often the server's own superuser reaches the listener: by a program, by dblink, by a foreign table. */
async function reach(plan: { readonly binaries: Binaries; readonly network: 'none' | 'host' }) {
  const server = await startTemporaryServer(plan);
  try {
    const session = await openSession(server.connection('postgres'), { applicationName: 'test' });
    const reached = await listening(async (port, came) => {
      const attempts = [
        `copy (select 1) to program 'bash -c "echo 1 > /dev/tcp/127.0.0.1/${port}"'`,
        'create extension dblink schema public',
        `select public.dblink_connect('host=127.0.0.1 port=${port} connect_timeout=2')`,
        'create extension postgres_fdw schema public',
        `create server s foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${port}')`,
        'create user mapping for current_user server s',
        'create foreign table public.f (i integer) server s',
        'select * from public.f',
      ];
      // what cannot reach its end says so as an error of the server, which is what is hoped for here
      const said: string[] = [];
      for (const text of attempts) await session.run(text).catch((error: Error) => said.push(error.message));
      return { came: came(), said };
    });
    await session.close();
    return { ...reached, network: server.network };
  } finally {
    await server.stop();
  }
}

test.each(newest)('a server of version %s without a network reaches no listener of this machine', async (version) => {
  const binaries = binariesOf(version);
  const open = await reach({ binaries, network: 'host' });
  expect(open.network).toBe('host');
  expect(open.came).toBeGreaterThanOrEqual(3);
  const closed = await reach({ binaries, network: 'none' });
  // up to 14 the server itself needs the loopback interface
  const allowed = isAllowed && binaries.major >= 15;
  expect(closed.network).toBe(allowed ? 'none' : 'host');
  expect(closed.came > 0).toBe(!allowed);
  expect(closed.said.length).toBeGreaterThanOrEqual(2);
});
