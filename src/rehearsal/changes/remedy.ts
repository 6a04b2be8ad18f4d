import { printable, truncate } from '../../core/index.ts';
import { type Done } from './release-work.ts';

/** What restores an object: text, and the SQL for both files. */
export interface Remedy {
  readonly words: string;
  /** What the up.sql runs before its own statements, or instead of one of them. */
  readonly up: readonly string[];
  /** What the up.sql ends with; absent: nothing. */
  readonly upEnd?: readonly string[];
  /** What the down.sql ends with. */
  readonly down: readonly string[];
  /** Its statements of the up stand in the place of others, so they cannot be added to these. */
  readonly instead?: true;
}

/** A remedy with text only. */
export const inWords = (words: string): Remedy => ({ words, up: [], down: [] });

/** How much SQL a fix holds, in characters. */
const mostSql = 1200;

/** A remedy as the fix of a problem. */
export function remedyText({ words, up, upEnd = [], down }: Remedy): string {
  const [first, last, back] = [up, upEnd, down].map((sql) => truncate(sql.join(' ').replace(/;$/, ''), mostSql));
  return printable(
    [
      words,
      ...(up.length === 0 ? [] : [`let up.sql begin with: ${first}`]),
      ...(upEnd.length === 0 ? [] : [`let up.sql end with: ${last}`]),
      ...(down.length === 0 ? [] : [`let down.sql ${up.length === 0 ? 'run' : 'end with'}: ${back}`]),
    ].join('; '),
  );
}

/** Where statements are, for people. */
export function placesOf(done: readonly Done[]): string {
  const places = done.slice(0, 2).map(({ file, line }) => `${file}:${line}`);
  return `${places.join(' and ')}${done.length > 2 ? ` and ${done.length - 2} more` : ''}`;
}

/** Where statements are, and what they do. */
export function doneBy(done: readonly Done[], verb: string): string {
  const plural = verb === 'empties' ? 'empty' : verb.slice(0, -1);
  return `${placesOf(done)} ${done.length > 1 ? plural : verb}`;
}

export const orOneWay = 'or mark the tier `oneWay: "<reason>"`';
