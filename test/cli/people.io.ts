import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer } from './run.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** A page that a command serves, and the code that it tells people to type; empty where it asks for none. */
export interface Shown {
  readonly url: string;
  readonly code: string;
  /** All that the command has said so far, a line each. */
  readonly said: readonly string[];
}

/** A folder for PATH in which `oneroof` is the built command. */
export function binFolder(): string {
  const bin = mkdtempSync(join(tmpdir(), 'oneroof-bin-'));
  writeFileSync(join(bin, 'oneroof'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(bin, 'oneroof'), 0o755);
  return bin;
}

/** Runs a line of a shell; where a command of it serves a page, `people` do there what they do. `interrupt` is Ctrl-C. */
export function shell(
  line: string,
  of: {
    readonly folder: string;
    readonly bin: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly people?: (shown: Shown, interrupt: () => void) => Promise<void>;
  },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...of.env, PATH: `${of.bin}:${process.env['PATH'] ?? ''}` };
    // in a process group of its own, so that Ctrl-C reaches what the shell runs
    const child = spawn('sh', ['-c', `exec ${line}`], { cwd: of.folder, env, detached: true });
    const out = { stdout: '', stderr: '' };
    const asked = new Set<string>();
    const interrupt = (): void => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        out[name] += text;
        const said = out.stderr.split('\n');
        for (const one of said) {
          const [, url = '', code = ''] = /open (\S+)(?: and type ([0-9a-f]{6}))?.*Ctrl-C ends it/.exec(one) ?? [];
          if (url === '' || asked.has(one)) continue;
          asked.add(one);
          void (of.people?.({ url, code, said }, interrupt) ?? Promise.resolve()).catch((error: unknown) => {
            interrupt();
            reject(error as Error);
          });
        }
      });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...out }));
  });
}
