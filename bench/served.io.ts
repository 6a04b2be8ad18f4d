import { type ChildProcess, fork } from 'node:child_process';
import { type Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** A server in a process of its own. */
export interface Served {
  readonly port: number;
  readonly token: string;
  readonly process: ChildProcess;
}

/** How many bytes are answered. */
export function ask({ port, token }: Served, path: string, agent: Agent): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, host: `localhost:${port}`, accept: 'text/html' };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent, headers, timeout: 30_000 }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${path} was answered ${answer.statusCode}`)),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error(`${path} was not answered`)));
    asked.on('error', reject).end();
  });
}

/** Starts a server: see site-server.io.ts for what it can be asked. */
export async function start(
  running: Served[],
  errand: { readonly port: number } & Record<string, unknown>,
): Promise<Served> {
  const child = fork(join(import.meta.dirname, 'site-server.io.ts'), [], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ERRAND: JSON.stringify(errand) },
  });
  const { token } = (await said(child)) as { token: string };
  const served = { port: errand.port, token, process: child };
  running.push(served);
  return served;
}

/** What memory a server takes. MiB. */
export async function memory({ process: child }: Served): Promise<number> {
  const answer = said(child);
  child.send('measure');
  return ((await answer) as { rss: number }).rss / 1024 / 1024;
}

function said(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error('the server ended')));
  });
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
