import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** What a run of the demo came to. */
export interface DemoRun {
  readonly status: number | null;
  readonly told: string;
  /** What was left in the temporary folder. */
  readonly left: readonly string[];
  /** Processes that still work in it. */
  readonly alive: readonly string[];
}

/** How the demo is run. */
export interface DemoCall {
  /** Where oneroof-demo is made. */
  readonly folder: string;
  readonly words?: readonly string[];
  /** On a terminal: a person is asked. */
  readonly terminal?: true;
  /** Called with all that was told so far, each time that there is more; `send` writes to the terminal or sends a signal. */
  readonly watch?: (told: string, child: { signal(name: NodeJS.Signals): void; type(keys: string): void }) => void;
}

/** Runs the built demo with a temporary folder of its own, so that what is left behind can be seen. */
export async function runDemo(call: DemoCall): Promise<DemoRun> {
  const temporary = mkdtempSync(join(tmpdir(), 't-'));
  // the servers run as another user when this is root
  chmodSync(temporary, 0o777);
  const words = [process.execPath, main, 'demo', ...(call.words ?? [])];
  // in place of the shell: a key that interrupts reaches a shell as well, whose status would be the one seen
  const [command = '', ...rest] =
    call.terminal === true
      ? ['script', '-qefc', `exec ${words.map((word) => `'${word}'`).join(' ')}`, '/dev/null']
      : words;
  const child = spawn(command, rest, {
    cwd: call.folder,
    env: { ...process.env, TMPDIR: temporary },
    stdio: [call.terminal === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      told += String(chunk).replaceAll('\r', '');
      call.watch?.(told, {
        signal: (name) => void child.kill(name),
        type: (keys) => void child.stdin?.write(keys),
      });
    });
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  for (let waited = 0; waited < 15_000 && readdirSync(temporary).length > 0; waited += 100) await sleep(100);
  const left = readdirSync(temporary);
  const alive = processesIn(temporary);
  rmSync(temporary, { recursive: true, force: true });
  return { status, told, left, alive };
}

/** Processes whose command line names a folder; empty where the platform does not tell. */
function processesIn(folder: string): readonly string[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const line = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
          return line.includes(folder) ? [line] : [];
        } catch {
          return [];
        }
      });
  } catch {
    return [];
  }
}
