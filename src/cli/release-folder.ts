import { resolve } from 'node:path';
import { type Context } from './verb.ts';

/** The release folder that a command names; `release` below the folder, or the folder itself, where it names none. */
export function releaseFolder(context: Context): string {
  return resolve(context.folder, context.arguments[0] ?? '.');
}
