import { type Run } from './program.io.ts';

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

const target = ['-t, --target <name>', 'the target of oneroof.yaml; the default one where absent'] as const;

/** Every command, in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: 'init',
    summary: 'write a commented oneroof.yaml',
    examples: ['oneroof init', 'oneroof init -C ops/database'],
    load: () => import('./commands/init.io.ts'),
  },
  {
    name: 'doctor',
    summary: 'check this machine, oneroof.yaml and every target, and say how to mend what is wrong',
    options: [target],
    examples: ['oneroof doctor', 'oneroof doctor --target production --json'],
    load: () => import('./commands/doctor.io.ts'),
  },
  {
    name: 'grants',
    summary: 'print the SQL that makes a role for looking at a database, which cannot write',
    options: [
      ['--role <name>', 'the name of the role', 'oneroof_observer'],
      ['--schema <names>', 'the schemas that it may read, separated by commas', 'public'],
    ],
    examples: ['oneroof grants', 'oneroof grants --schema public,app | psql "$OWNER_URL"'],
    load: () => import('./commands/grants.io.ts'),
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    arguments: [['<shell>', 'bash, zsh or fish']],
    examples: [
      'oneroof completion bash >> ~/.bashrc',
      'oneroof completion fish > ~/.config/fish/completions/oneroof.fish',
    ],
    load: () => import('./commands/completion.io.ts'),
  },
];
