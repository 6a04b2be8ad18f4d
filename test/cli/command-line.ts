import { CommanderError } from 'commander';
import { createProgram } from '../../src/cli/program.io.ts';

/** Why the command line does not take a line; null: it does. */
export async function refusal(line: string): Promise<string | null> {
  const words = (line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).slice(1).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
  const program = createProgram(async () => {}, words);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)])
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  try {
    await program.parseAsync(words, { from: 'user' });
    return null;
  } catch (error) {
    return error instanceof CommanderError && error.exitCode === 0 ? null : String(error);
  }
}

/** Every `next` in what a command printed, however deep. */
export function nextsOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'next' in value && 'by' in value && typeof value.next === 'string' ? [value.next] : [];
  return [...own, ...Object.values(value).flatMap(nextsOf)];
}
