import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder that goes when our process goes, however that ends. */
export interface PassingFolder {
  readonly path: string;
  /** Deletes the folder and waits until it is gone. */
  remove(): Promise<void>;
}

/**
 * The janitor: waits on a pipe that only our process holds, then for the servers in the folder to be gone, then deletes it.
 * A server that is being shut down by its own watchdog still writes; deleting under it would fail half-way.
 */
const janitor = `
cat >/dev/null
tries=0
while [ -n "$(find "$1" -name postmaster.pid 2>/dev/null | head -n 1)" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries+1)); done
tries=0
until rm -rf "$1" || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries+1)); done
`;

/** Makes a temporary folder that the server's user can pass through, and its janitor. */
export function passingFolder(): PassingFolder {
  const path = mkdtempSync(join(tmpdir(), 'oneroof-demo-'));
  // others may pass through to what they own below, and cannot list it
  chmodSync(path, 0o711);
  const child = spawn('/bin/sh', ['-c', janitor, 'oneroof-janitor', path], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    path,
    remove: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
