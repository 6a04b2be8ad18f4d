import { type Verb } from './verb.ts';

const clone = (name: string) => async () => (await import('./commands/clone.io.ts')).cloneVerb(name);

/** The commands for golden copies and clones. */
export const cloneVerbs: readonly Verb[] = [
  {
    name: 'clone golden',
    summary: 'take a new golden copy of the source',
    examples: ['oneroof clone golden'],
    load: clone('golden'),
  },
  {
    name: 'clone pull',
    summary: 'take a new golden copy where the newest is too old; for a schedule',
    options: [
      ['--older-than <time>', 'do nothing while the newest golden copy is not older than this, for example 24h'],
      ['--print-cron', 'print a line for crontab that runs this command, and do nothing'],
    ],
    examples: ['oneroof clone pull --older-than 24h', 'oneroof clone pull --older-than 20h --print-cron'],
    load: clone('pull'),
  },
  {
    name: 'clone make',
    summary: 'make a clone of the newest golden copy',
    options: [
      ['--hours <n>', 'the length of the lease', '24'],
      ['--purpose <text>', 'the purpose', 'by hand'],
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
    name: 'clone reset',
    summary: 'make a clone as its golden copy is',
    arguments: [['<clone>', 'the name of the clone']],
    examples: ['oneroof clone reset oneroof_clone_1'],
    load: clone('reset'),
  },
  {
    name: 'clone drop',
    summary: 'drop a clone; refuse a database without the mark of a clone',
    arguments: [['<clone>', 'the name of the clone']],
    examples: ['oneroof clone drop oneroof_clone_1'],
    load: clone('drop'),
  },
  {
    name: 'clone gc',
    summary: 'drop what expired, what a command left behind, and old golden copies that no clone uses',
    examples: ['oneroof clone gc'],
    load: clone('gc'),
  },
];
