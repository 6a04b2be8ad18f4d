import { resolve } from 'node:path';
import { onAbort } from '../../core/index.ts';
import { type DemoCommand, runDemo, type Typed } from '../../demo/index.ts';
import { type CommandRun } from '../verb.ts';

/** The commands that the demo types; each is loaded when it does. */
const commands: Readonly<Record<DemoCommand, () => Promise<{ readonly run: CommandRun }>>> = {
  enrol: () => import('./enrol.io.ts'),
  review: () => import('./review.io.ts'),
  ratify: () => import('./ratify.io.ts'),
  rollout: () => import('./rollout.io.ts'),
  rollback: () => import('./rollback.io.ts'),
  fingerprint: () => import('./fingerprint.io.ts'),
  diff: () => import('./diff.io.ts'),
  bundle: () => import('./bundle.io.ts'),
  'verify-evidence': () => import('./verify-evidence.io.ts'),
};

/** Does the whole job on the worked example, with databases of its own. */
export const run: CommandRun = async ({ folder, options, signal }) => {
  const lines: string[] = [];
  const to = resolve(folder, 'oneroof-demo');
  // the story is what the command is for: it is told on stdout while it happens, or kept for --json
  const write = (line: string): void =>
    void (options['json'] === true ? lines.push(line) : process.stdout.write(`${line}\n`));
  const stay = (): Promise<void> =>
    new Promise((resolved) => {
      write('\nProduction is running. Ctrl-C ends it.');
      // the listener alone would not keep the process alive
      const alive = setInterval(() => undefined, 60_000);
      onAbort(signal, () => {
        clearInterval(alive);
        resolved();
      });
    });
  const command = async (typed: Typed) => {
    const { run: work } = await commands[typed.command]();
    return work({
      commands: [],
      words: [],
      verbs: [],
      arguments: typed.words ?? [],
      options: typed.options ?? {},
      folder: to,
      terminal: { say: typed.say ?? (() => undefined), progress: () => undefined },
      signal: typed.signal ?? signal,
    });
  };
  const ratify = chooseRatify(options, write);
  const kept = options['keep'] === true ? { stay } : {};
  await runDemo({ folder: to, signal, write, ratify, command, ...kept });
  return { exit: 0, schema: 'oneroof/demo/1', data: { folder: to, ratify, story: lines }, text: '' };
};

/** A person is asked only where there is one at the terminal. */
function chooseRatify(
  options: Readonly<Record<string, string | boolean | undefined>>,
  write: (line: string) => void,
): 'page' | 'auto' {
  if (options['auto'] === true) return 'auto';
  if (options['json'] !== true && process.stdin.isTTY && process.stdout.isTTY) return 'page';
  write('There is no terminal, so no one is asked (--auto): software keys ratify. NOT FOR PRODUCTION.\n');
  return 'auto';
}
