import child, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

// A test of `npm run test:quick` that reaches for a server or a browser fails, so that the quick tests stay quick and run anywhere.

const programs = /(?:^|\/)(?:postgres|initdb|pg_\w+|psql|chromium)$|\/dist\/cli\//;

function refuse(what: string): never {
  throw new Error(`a quick test must not ${what}: let it import test/database.io.ts or test/signing/browser.io.ts`);
}

function check(words: readonly unknown[]): void {
  if (words.some((word) => programs.test(String(word)))) refuse(`start ${words.join(' ')}`);
}

/** Puts a check of the arguments before a function. */
function guard<T extends object>(owner: T, name: keyof T, before: (args: readonly unknown[]) => void): void {
  const real = owner[name] as (...args: unknown[]) => unknown;
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    before(args);
    return real.apply(this, args);
  };
  owner[name] = guarded as T[keyof T];
}

const started = ChildProcess as unknown as { prototype: { spawn(plan: { file: string; args: string[] }): unknown } };
guard(started.prototype, 'spawn', ([plan]) => {
  const { file, args } = plan as { file: string; args: string[] };
  check([file, ...args]);
});
for (const name of ['spawnSync', 'execFileSync'] as const)
  guard(child, name, ([file, args]) => check([file, ...(Array.isArray(args) ? args : [])]));
// a port of this machine may be one at which nobody listens; a socket in a folder is a server's
guard(net.Socket.prototype, 'connect', ([to]) => {
  const { path } = (Array.isArray(to) ? to[0] : to) as { path?: string };
  if ((typeof to === 'string' ? to : (path ?? '')).includes('.s.PGSQL.')) refuse('connect to PostgreSQL');
});
syncBuiltinESMExports();
