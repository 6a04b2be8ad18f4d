import { type Json } from './json-value.ts';

/** The values that a sentence names, as data: numbers, names, lists. */
export type Facts = Readonly<Record<string, Json>>;

/** A sentence, and its values as data. */
export interface Stated {
  readonly problem: string;
  readonly facts: Facts;
}

/**
 * Writes a sentence and keeps the values in it as data, so that a program need not read the sentence:
 * stated`tier ${{ tier }} has no ${{ file }}`. A list is written with commas.
 *
 * Shape   a hole that is a text without a name is a part of the sentence, and no fact.
 */
export function stated(texts: TemplateStringsArray, ...holes: readonly (string | Facts)[]): Stated {
  const problem = texts.map((text, at) => {
    const hole = holes[at] ?? '';
    return text + (typeof hole === 'string' ? hole : Object.values(hole).map(written).join(''));
  });
  return { problem: problem.join(''), facts: Object.assign({}, ...holes.filter((hole) => typeof hole !== 'string')) };
}

const written = (value: Json): string => (Array.isArray(value) ? value.join(', ') : String(value));
