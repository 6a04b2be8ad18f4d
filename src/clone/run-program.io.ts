import { type ChildProcess, spawn } from 'node:child_process';
import { onAbort } from '../core/index.ts';
import { type Binaries } from '../database/index.ts';

/** A program to run. */
export interface ProgramRun {
  readonly program: string;
  readonly words: readonly string[];
  /** `/` where absent. */
  readonly startIn?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly runAs: Binaries['runAs'];
  readonly signal: AbortSignal;
}

/** How it ended. */
export interface ProgramEnd {
  /** Null: a signal ended it. */
  readonly status: number | null;
  readonly output: string;
  /** The end of what it wrote for people. */
  readonly talk: string;
}

/**
 * Starts the program and waits on a pipe that only our process holds: when the pipe closes, whatever the reason, the whole process group ends. So nothing of it
 * goes on after kill -9 of our command. The program and its arguments are words of their own: the shell reads nothing but this text.
 */
const watchdog = `
exec 3<&0 </dev/null
"$@" 3<&- & program=$!
{ cat <&3 >/dev/null; kill -KILL 0; } >/dev/null 2>&1 & watch=$!
exec 3<&-
wait $program; status=$?
trap '' TERM
kill -TERM $watch 2>/dev/null
exit $status
`;

/** So long it has after it was asked to end. Milliseconds. */
const grace = 1000;
/** So much is kept of what it writes for people: the end. Bytes. */
const keptTalk = 16 * 1024;

/** An option with its value, as one word. */
export const valued = (option: string, value: string): string => `${option}=${value}`;

/** Runs a program in a process group of its own, and ends all of the group when it is over or the signal says so. */
export function runProgram(plan: ProgramRun): Promise<ProgramEnd> {
  const child = spawn('/bin/sh', ['-c', watchdog, 'oneroof-watchdog', plan.program, ...plan.words], {
    env: { ...plan.env } as NodeJS.ProcessEnv,
    cwd: plan.startIn ?? '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(plan.runAs === null ? {} : { uid: plan.runAs.uid, gid: plan.runAs.gid }),
  });
  const output: Buffer[] = [];
  let talk = Buffer.alloc(0);
  child.stdin?.on('error', () => undefined);
  child.stdout?.on('data', (part: Buffer) => output.push(part));
  child.stderr?.on('data', (part: Buffer) => (talk = Buffer.concat([talk, part]).subarray(-keptTalk)));
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      killAll(child, 'SIGTERM');
      timer ??= setTimeout(() => killAll(child, 'SIGKILL'), grace);
    };
    const over = (): void => {
      clearTimeout(timer);
      stopListening();
      killAll(child, 'SIGKILL');
    };
    child.once('error', (error) => {
      over();
      reject(error);
    });
    let status: number | null = null;
    child.once('exit', (code) => {
      status = code;
      over();
    });
    child.once('close', () => resolve({ status, output: Buffer.concat(output).toString(), talk: talk.toString() }));
    const stopListening = onAbort(plan.signal, stop);
  });
}

function killAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
