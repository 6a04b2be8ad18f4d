import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The built command line. */
export const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** What a run of the command line answered. */
export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a process of its own, with pipes instead of a terminal. */
export function oneroof(words: readonly string[], plan: { folder?: string; env?: NodeJS.ProcessEnv } = {}): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], {
    encoding: 'utf8',
    cwd: plan.folder ?? process.cwd(),
    env: { ...process.env, ...plan.env },
  });
  return { status, stdout, stderr };
}
