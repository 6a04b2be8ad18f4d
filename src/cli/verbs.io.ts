import { type Verb } from './verb.ts';

const target = ['-t, --target <name>', 'the target of oneroof.yaml; the default one where absent'] as const;

const clone = (name: string) => async () => (await import('./commands/clone.io.ts')).cloneVerb(name);

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
    name: 'clone golden',
    summary: 'take a new golden copy of the source',
    examples: ['oneroof clone golden'],
    load: clone('golden'),
  },
  {
    name: 'clone make',
    summary: 'make a clone of the newest golden copy',
    options: [
      ['--hours <n>', 'how long it is leased', '24'],
      ['--purpose <text>', 'what it is for', 'by hand'],
    ],
    examples: ['oneroof clone make --hours 4 --purpose "try an index"'],
    load: clone('make'),
  },
  {
    name: 'clone list',
    summary: 'list the clones: name, owner, expiry, purpose',
    examples: ['oneroof clone list', 'oneroof clone list --json'],
    load: clone('list'),
  },
  {
    name: 'clone open',
    summary: 'print the command that connects to a clone',
    arguments: [['<clone>', 'the name of the clone']],
    examples: ['oneroof clone open oneroof_clone_1'],
    load: clone('open'),
  },
  {
    name: 'clone drop',
    summary: 'drop a clone; refuses what does not carry our mark',
    arguments: [['<clone>', 'the name of the clone']],
    examples: ['oneroof clone drop oneroof_clone_1'],
    load: clone('drop'),
  },
  {
    name: 'clone gc',
    summary: 'drop clones that are expired or left over',
    examples: ['oneroof clone gc'],
    load: clone('gc'),
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
