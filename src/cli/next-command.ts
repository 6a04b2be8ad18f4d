import { commandOf, quoted } from '../report/index.ts';
import { type Context } from './verb.ts';

/**
 * The next command to type, for the same release, folder and target as the present one.
 *
 * Shape   words that a shell would read otherwise are quoted.
 */
export function sameFor(
  { arguments: [folder = '.'], folder: workIn, options }: Pick<Context, 'arguments' | 'folder' | 'options'>,
  verb: string,
): string {
  const { target } = options;
  return commandOf(
    { folder, workIn: workIn === '.' ? null : workIn, target: String(target) },
    { verb, ...(typeof target === 'string' && takesTarget.has(verb) ? { onTarget: true } : {}) },
  );
}

/** A command that is about no release, for the same folder. */
export function inFolder({ folder }: Pick<Context, 'folder'>, verb: string): string {
  return `oneroof ${verb}${folder === '.' ? '' : ` -C ${quoted(folder)}`}`;
}

const takesTarget = new Set([
  'verify',
  'gate',
  'ratify',
  'rollout',
  'rollback',
  'report',
  'bundle',
  'runbook',
  'dossier',
]);
