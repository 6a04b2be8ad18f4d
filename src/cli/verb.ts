import type { CommandOutcome, Terminal } from './output.io.ts';

/** A command as it was called. */
export interface Call {
  /** All commands: their names, and their options with hyphens. */
  readonly commands: readonly { readonly name: string; readonly options: readonly string[] }[];
  /** As typed, after `oneroof`. */
  readonly words: readonly string[];
  /** Every command, also those that were not meant. */
  readonly verbs: readonly Verb[];
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** The folder of oneroof.yaml and the base of relative paths. */
  readonly folder: string;
}

/** What a command works with, beside how it was called. */
export interface Context extends Call {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** A command's work. */
export type CommandRun = (context: Context) => Promise<CommandOutcome>;

/** A command of the command line: its name, its help, and how its file is loaded. */
export interface Verb {
  /** One word, or two for a command of a group. */
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly (readonly [name: string, text: string])[];
  readonly options?: readonly (readonly [flags: string, text: string, preset?: string])[];
  readonly examples: readonly string[];
  readonly load: () => Promise<{ readonly run: CommandRun }>;
}
