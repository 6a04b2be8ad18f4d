import { spawnSync } from 'node:child_process';
import { type Binaries } from './binaries.io.ts';

/** What a private server reaches: `none`, not even this machine's own network, or all that this machine reaches. */
export type Network = 'none' | 'host';

/** How a program is started as the server's user, with or without a network. */
export interface Launch {
  readonly network: Network;
  /** The words before the program and its arguments. */
  readonly prefix: readonly string[];
  /** Who starts the first word. Empty for the current user. */
  readonly as: { readonly uid: number; readonly gid: number } | Record<string, never>;
}

const probed = new Map<string, Launch | null>();

/**
 * Finds how to start a program with no network. Sockets on the file system still work, so we reach the server and it reaches no one's port.
 * Where the platform does not allow that, the answer has the network `host`, and says so.
 *
 * Source  unshare(1), setpriv(1), network_namespaces(7).
 */
export function launchWithout(binaries: Pick<Binaries, 'runAs' | 'major'>): Launch {
  const key = `${binaries.runAs?.uid ?? 'self'} ${binaries.major}`;
  const known = probed.get(key);
  const found = known === undefined ? probe(binaries) : known;
  probed.set(key, found);
  return found ?? launchPlain(binaries);
}

/** How to start a program with the network of this machine. */
export function launchPlain({ runAs }: Pick<Binaries, 'runAs'>): Launch {
  return { network: 'host', prefix: [], as: runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid } };
}

function probe({ runAs, major }: Pick<Binaries, 'runAs' | 'major'>): Launch | null {
  // up to 14 the server counts through a socket on the loopback interface, which is down in a new namespace
  if (process.platform !== 'linux' || major < 15) return null;
  // all of these replace themselves by the next word, so the process that we start is the program itself
  const prefix =
    runAs === null
      ? ['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-current-user']), '--net', '--']
      : [
          'unshare',
          '--net',
          '--',
          'setpriv',
          `--reuid=${runAs.uid}`,
          `--regid=${runAs.gid}`,
          '--clear-groups',
          '--no-new-privs',
          '--',
        ];
  const [command = '', ...rest] = prefix;
  // the answer is what the kernel says inside, not that the programs ended well: two lines of heading, then one line for each interface
  const said = spawnSync(command, [...rest, '/bin/sh', '-c', 'id -u; cat /proc/net/dev'], {
    cwd: '/',
    encoding: 'utf8',
  });
  const [uid, , , ...interfaces] = said.status === 0 ? said.stdout.trimEnd().split('\n') : [];
  const alone = interfaces.every((line) => line.trim().startsWith('lo:'));
  const right = uid === String(runAs?.uid ?? process.getuid?.());
  return right && alone ? { network: 'none', prefix, as: {} } : null;
}
