import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { OneRoofError, type Problem, stated } from '../core/index.ts';
import { toldAfter } from './interrupted.ts';
import { openTerminal, writeError, writeOutcome } from './output.io.ts';
import { createProgram } from './program.io.ts';
import { verbs } from './verbs.io.ts';

const form = process.argv.includes('--json') ? 'json' : 'text';
const printed = form === 'json' ? printedProblems : null;
const interruption = new AbortController();
const terminal = openTerminal();

/** The first signal asks the command to cancel on the server and clean up; the second ends at once. */
function interrupt(signal: 'SIGINT' | 'SIGTERM'): void {
  if (interruption.signal.aborted) process.exit(128 + constants.signals[signal]);
  terminal.say('\nStopping: cancelling and cleaning up (Ctrl-C again stops at once) …');
  interruption.abort(
    new OneRoofError('INTERRUPTED', {
      ...stated`${{ signal }} interrupted the command; its work was cancelled and cleaned up`,
      fix: 'run the same command again',
    }),
  );
}
process.on('SIGINT', () => interrupt('SIGINT'));
process.on('SIGTERM', () => interrupt('SIGTERM'));
// a reader that has seen enough (`oneroof … | head`) is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const program = createProgram(async (run, call) => {
  const outcome = await run({ ...call, terminal, signal: interruption.signal });
  terminal.close();
  writeOutcome(outcome, form);
}, process.argv.slice(2));

program.parseAsync().catch(async (error: unknown) => {
  terminal.close();
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0) {
      const usage = new OneRoofError('USAGE', {
        ...stated`${{ said: error.message.replace(/^error: /, '') }}`,
        fix: usageOf(program),
      });
      await writeError(usage, printed);
    }
  } else await writeError(toldAfter(error, interruption.signal), printed);
});

/** Where the command that was meant is explained. */
function usageOf(of: typeof program): string {
  const words = process.argv.slice(2);
  const first = of.commands.find((one) => one.name() === words[0]);
  const second = first?.commands.find((one) => one.name() === words[1]);
  const named = [first, second].flatMap((one) => (one === undefined ? [] : [one.name()]));
  return named.length === 0
    ? 'oneroof --help lists the commands, oneroof <command> --help its options'
    : `oneroof ${named.join(' ')} --help lists its arguments and options`;
}

/** Loaded where it is used: a command that ends well needs none of it. */
async function printedProblems(problems: readonly Problem[]): Promise<readonly object[]> {
  const [{ problemFinding }, { typedLine }] = await Promise.all([import('./finding.ts'), import('./typed-line.ts')]);
  const typed = typedLine(process.argv.slice(2), verbs);
  return problems.map((one) => problemFinding(one, typed));
}
