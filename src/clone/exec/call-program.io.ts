import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import {
  formatDuration,
  formProblem,
  onAbort,
  OneRoofError,
  printable,
  stated,
  type Stated,
} from '../../core/index.ts';
import { type CloneSetup, requirePinned } from '../../setup/index.ts';
import {
  type ProgramAnswer,
  programAnswerForms,
  type ProgramRequest,
  type ProgramVerb,
  programVersion,
} from './program-form.ts';
import { lastLines, passwordsIn } from './redact.ts';

/** The part of the setup that names a program. */
export type ProgramSetup = Extract<CloneSetup, { provider: 'exec' }>;

/** An answer is a few hundred bytes, a list some more. Bytes. */
const largestAnswer = 1024 * 1024;
/** So much of what a program writes for people is kept: the end. Bytes. */
const keptTalk = 16 * 1024;
/** So long a program has after it was asked to end, and its children after it ended. Milliseconds. */
const grace = 1000;

/** A program as people know it: without its folder. */
export function programName({ command }: Pick<ProgramSetup, 'command'>): string {
  const script = command.find((word, index) => index > 0 && /\.[a-z]{1,4}$/.test(word));
  return printable(basename(script ?? command[0]));
}

/**
 * Asks a program once. It gets the variables that oneroof.yaml names and no others, one JSON object on its standard input, and a deadline;
 * what it wrote for people is shown where it failed, without secrets.
 *
 * Errors  CONFIG_INVALID where a variable is not set; CLONE_PROGRAM_START, CLONE_PROGRAM_FAILED, CLONE_PROGRAM_DEADLINE, CLONE_PROGRAM_ANSWER, INTERRUPTED.
 * Source  docs/CLONES.md.
 */
export async function callProgram<Verb extends ProgramVerb>(
  setup: ProgramSetup,
  request: ProgramRequest & { readonly verb: Verb },
  signal?: AbortSignal,
): Promise<ProgramAnswer<Verb>> {
  const secrets = [...setup.variables.values()].map((value) => value.reveal());
  const ended = await run(setup, request, signal);
  const talk = lastLines(ended.talk, { secrets: [...secrets, ...passwordsIn(ended.answer)], isCut: ended.isTalkCut });
  const where = `${programName(setup)} ${request.verb}`;
  const refuse = (
    code: 'CLONE_PROGRAM_FAILED' | 'CLONE_PROGRAM_DEADLINE' | 'CLONE_PROGRAM_ANSWER',
    what: Stated,
    fix: string,
  ) =>
    new OneRoofError(code, {
      problem: `${where} ${what.problem}`,
      facts: { ...what.facts, program: where },
      fix,
      ...(talk.length === 0 ? {} : { detail: talk }),
    });
  switch (ended.by) {
    case 'interruption':
      throw new OneRoofError('INTERRUPTED', {
        ...stated`${{ program: where }} was interrupted and ended`,
        fix: 'run the same command again: it asks for the same once more. `oneroof clone gc` drops what is left',
      });
    case 'deadline':
      throw refuse(
        'CLONE_PROGRAM_DEADLINE',
        stated`gave no answer in ${{ deadline: formatDuration(setup.deadline) }} and was ended`,
        'see what the service says; set "deadline:" of the clone provider to more. `oneroof clone gc` drops what is left',
      );
    case 'size':
      throw refuse('CLONE_PROGRAM_ANSWER', stated`answered with more than ${{ most: largestAnswer }} bytes`, seeSchema);
    case 'itself':
      break;
    default:
      return ended.by satisfies never;
  }
  if (ended.status !== 0)
    throw refuse(
      'CLONE_PROGRAM_FAILED',
      ended.status === null
        ? stated`was ended by ${{ signal: ended.signal ?? 'a signal' }}`
        : stated`failed with exit status ${{ status: ended.status }}`,
      talk.length === 0
        ? 'run it by hand as docs/CLONES.md shows; it wrote nothing to its standard error'
        : 'read what it wrote, below; `oneroof doctor` asks it again',
    );
  const answer = readAnswer<Verb>(ended.answer, request);
  if (typeof answer === 'string') throw refuse('CLONE_PROGRAM_ANSWER', stated`${{ why: answer }}`, seeSchema);
  return answer;
}

/** Asks a program for its name. */
export async function probeProgram(setup: ProgramSetup): Promise<string> {
  const request = randomBytes(6).toString('hex');
  const { program } = await callProgram(setup, {
    version: programVersion,
    verb: 'probe',
    request,
    place: 'oneroof-probe',
  });
  return program;
}

const seeSchema =
  'correct the program: its standard output is one JSON object as docs/clone-program.schema.json says, and nothing else';

/** The answer, or what is wrong with it. No part of it is shown: it may hold a password. */
function readAnswer<Verb extends ProgramVerb>(
  text: string,
  request: ProgramRequest & { readonly verb: Verb },
): ProgramAnswer<Verb> | string {
  if (text.trim() === '') return 'ended without an answer';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `answered with ${Buffer.byteLength(text)} bytes that are not one JSON object`;
  }
  const { version, request: of } = Object(value) as { readonly version?: unknown; readonly request?: unknown };
  if (version !== programVersion) return `answered in another version: expected "version": ${programVersion}`;
  if (of !== request.request) return 'answered to another request: expected the "request" that it was asked';
  const form = programAnswerForms[request.verb];
  const problem = formProblem(value, form);
  return problem === null ? (form.parse(value) as ProgramAnswer<Verb>) : `gave an answer that is not valid: ${problem}`;
}

interface Ended {
  readonly by: 'itself' | 'deadline' | 'size' | 'interruption';
  readonly status: number | null;
  readonly signal: string | null;
  readonly answer: string;
  readonly talk: string;
  readonly isTalkCut: boolean;
}

function run(setup: ProgramSetup, request: ProgramRequest, signal: AbortSignal | undefined): Promise<Ended> {
  const child = start(setup);
  const answer: Buffer[] = [];
  let size = 0;
  let talk = Buffer.alloc(0);
  let isTalkCut = false;
  return new Promise((resolve, reject) => {
    let by: Ended['by'] = 'itself';
    let status: number | null = null;
    let endedBy: string | null = null;
    const timers: NodeJS.Timeout[] = [];
    const after = (milliseconds: number, act: () => void): void => void timers.push(setTimeout(act, milliseconds));
    const settle = (): void => {
      for (const timer of timers) clearTimeout(timer);
      stopListening();
      // what it started and left behind
      killGroup(child, 'SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const end = (): void => {
      settle();
      resolve({
        by,
        status,
        signal: endedBy,
        answer: Buffer.concat(answer).toString(),
        talk: talk.toString(),
        isTalkCut,
      });
    };
    const stop = (why: Ended['by']): void => {
      if (by !== 'itself') return;
      by = why;
      killGroup(child, 'SIGTERM');
      after(grace, () => killGroup(child, 'SIGKILL'));
      // even where a process of another group holds its output open
      after(2 * grace, end);
    };
    const interrupt = (): void => stop('interruption');
    child.once('error', (cause: NodeJS.ErrnoException) => {
      settle();
      reject(notStarted(setup, cause));
    });
    child.stdout?.on('data', (part: Buffer) => {
      size += part.length;
      if (size > largestAnswer) stop('size');
      else answer.push(part);
    });
    child.stderr?.on('data', (part: Buffer) => {
      const all = Buffer.concat([talk, part]);
      isTalkCut ||= all.length > keptTalk;
      talk = all.subarray(-keptTalk);
    });
    child.once('exit', (code, by) => {
      status = code;
      endedBy = by;
      after(grace, end);
    });
    child.once('close', end);
    // a program that reads nothing has ended already, or will say so
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(`${JSON.stringify(request)}\n`);
    after(Math.min(setup.deadline, 2 ** 31 - 1), () => stop('deadline'));
    const stopListening = onAbort(signal, interrupt);
  });
}

/** In a group of its own, so that all of it can be ended, and an interruption of this command does not reach it half way. */
function start(setup: ProgramSetup): ChildProcess {
  requirePinned();
  const [command, ...words] = setup.command;
  const own = ['PATH', 'HOME', 'LANG'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const given = [...setup.variables].map(([name, value]) => [name, value.reveal()]);
  const env = Object.fromEntries([...own, ...given]) as NodeJS.ProcessEnv;
  try {
    return spawn(command, words, { cwd: setup.startIn, env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  } catch (cause) {
    throw notStarted(setup, cause as NodeJS.ErrnoException);
  }
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: nothing of it is left; EPERM: what is left has become another user's
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function notStarted({ command: [program] }: ProgramSetup, cause: NodeJS.ErrnoException): OneRoofError {
  const why =
    { ENOENT: 'there is no such program', EACCES: 'it is not executable' }[cause.code ?? ''] ??
    cause.code ??
    'it is no program';
  return new OneRoofError('CLONE_PROGRAM_START', {
    ...stated`${{ program: printable(program) }}, the program of the clone provider, cannot be started: ${{ why }}`,
    fix: 'correct "command:" of the clone provider in oneroof.yaml: [node, ./clone.mjs], or a file that is executable',
    cause,
  });
}
