import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { withSession } from '../database.io.ts';
import { type Answer, cli } from './run.io.ts';

/** Whether this machine can play another host: a namespace of the network, and one of the mounts. */
export const hasNamespaces = ((): boolean => {
  const name = `oneroof-try-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return false;
  const entered = spawnSync('ip', ['netns', 'exec', name, 'unshare', '--mount', 'true']).status === 0;
  spawnSync('ip', ['netns', 'delete', name]);
  return entered;
})();

/** Without what names a database. */
const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL' && !name.startsWith('PG')));

/** A production that is reached by an address of its own: its loopback, its sockets and its files are not those of the command. */
export async function withFarHost(
  version: Version,
  use: (of: {
    readonly server: Server;
    readonly host: string;
    oneroof(words: readonly string[], plan: { readonly folder: string; readonly env?: NodeJS.ProcessEnv }): Answer;
    shell(line: string, plan: { readonly folder: string; readonly env?: NodeJS.ProcessEnv }): Answer;
  }) => Promise<void>,
  auth: 'scram-sha-256' | 'trust' = 'scram-sha-256',
): Promise<void> {
  const name = `oneroof-${process.pid}`;
  const end = `or${process.pid}`;
  const net = `10.213.${process.pid % 250}`;
  const host = `${net}.1`;
  const ip = (...words: string[]): void => {
    const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
  };
  ip('netns', 'add', name);
  try {
    ip('link', 'add', `${end}a`, 'type', 'veth', 'peer', 'name', `${end}b`, 'netns', name);
    ip('address', 'add', `${host}/24`, 'dev', `${end}a`);
    ip('link', 'set', `${end}a`, 'up');
    ip('-n', name, 'address', 'add', `${net}.2/24`, 'dev', `${end}b`);
    ip('-n', name, 'link', 'set', `${end}b`, 'up');
    const server = await startTemporaryServer({ binaries: binariesOf(version), settings: { listen_addresses: host } });
    try {
      appendFileSync(`${server.data}/pg_hba.conf`, `host all all ${net}.0/24 ${auth}\n`);
      await withSession(server.connection('postgres'), (session) => session.query(sql`select pg_reload_conf()`));
      const inside = (words: readonly string[], plan: { folder: string; env?: NodeJS.ProcessEnv }): Answer => {
        // its files are hidden from the command, and so are its sockets
        const hide = 'for one in "$1" "$2"; do mount -t tmpfs none "$one"; done; shift 2; exec "$@"';
        const hidden = [dirname(server.data), server.connection('postgres').host];
        const enter = ['netns', 'exec', name, 'unshare', '--mount', 'sh', '-c', hide, 'sh', ...hidden];
        const { status, stdout, stderr } = spawnSync('ip', [...enter, ...words], {
          encoding: 'utf8',
          cwd: plan.folder,
          // psql takes an empty PGSERVICE for a name
          env: { ...ownEnvironment(), ...plan.env },
        });
        return { status, stdout, stderr };
      };
      await use({
        server,
        host,
        oneroof: (words, plan) => inside([process.execPath, cli, ...words], plan),
        shell: (line, plan) => inside(['sh', '-c', line], plan),
      });
    } finally {
      await server.stop();
    }
  } finally {
    spawnSync('ip', ['netns', 'delete', name]);
    spawnSync('ip', ['link', 'delete', `${end}a`]);
  }
}
