import { availableParallelism, homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type CheckPlan, openVerdictCache } from '../check/index.ts';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { programEdition } from './program-edition.io.ts';
import { type Context } from './verb.ts';

/** More private servers than this take more memory than they save time. */
const mostServers = 8;

/**
 * How many private servers judge.
 *
 * Errors  USAGE.
 */
export function jobsOf({ options }: Context): number {
  const { jobs } = options;
  if (jobs === undefined) return Math.min(availableParallelism(), mostServers);
  if (/^(?:[1-9]|[1-5]\d|6[0-4])$/.test(String(jobs))) return Number(jobs);
  throw new OneRoofError('USAGE', {
    ...stated`--jobs is ${{ value: printable(String(jobs)) }}, expected a number from 1 to 64`,
    fix: 'leave it out for one server a core',
  });
}

/** Where the verdicts of earlier runs are. A cache that cannot be used is named and left out. */
export function cacheOf({ options, folder, terminal }: Context, repository: string): CheckPlan['cache'] {
  const { cache } = options;
  if (cache === false) return null;
  const verdicts = openVerdictCache(typeof cache === 'string' ? resolve(folder, cache) : ownCache(), repository);
  if (!('unused' in verdicts)) return { verdicts, program: programEdition() };
  terminal.say(verdicts.unused);
  return null;
}

function ownCache(): string {
  const named = process.env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'oneroof', 'check');
}
