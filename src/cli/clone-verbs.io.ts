import { type Verb } from './verb.ts';

const clone = (name: string) => async () => (await import('./commands/clone.io.ts')).cloneVerb(name);

/** The commands that look after golden copies and clones. */
export const cloneVerbs: readonly Verb[] = [
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
    summary: 'serve a clone until Ctrl-C, and print the command that connects to it',
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
];
