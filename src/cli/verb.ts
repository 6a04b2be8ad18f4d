import type { Outcome, Terminal } from './output.io.ts';

/** A command as it was called. */
export interface Call {
  /** The names of all commands. */
  readonly commands: readonly string[];
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Where oneroof.yaml is looked for, and what relative paths begin at. */
  readonly folder: string;
}

/** What a command works with, beside how it was called. */
export interface Context extends Call {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** A command's work. */
export type Run = (context: Context) => Promise<Outcome>;

/** A command of the command line: what it is called, how it is explained, and how its file is loaded when it is called. */
export interface Verb {
  /** One word, or two for a command of a group. */
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly (readonly [name: string, text: string])[];
  readonly options?: readonly (readonly [flags: string, text: string, preset?: string])[];
  readonly examples: readonly string[];
  readonly load: () => Promise<{ readonly run: Run }>;
}
