import { quoted } from '../report/index.ts';
import { positionalOf, type TypedLine } from './next-of.ts';
import { type Call, type Verb } from './verb.ts';

/** How a command was called, as far as a next one is made of it. */
export function typedOf(call: Omit<Call, 'commands'>): TypedLine {
  return lineOf(verbOf(call.words, call.verbs), call);
}

/** The same of words that were perhaps never understood. */
export function typedLine(words: readonly string[], verbs: readonly Verb[]): TypedLine {
  const verb = verbOf(words, verbs);
  if (verb === undefined) return { again: null, release: null, folder: '.', verbs };
  const rest = words.slice(verb.name.split(' ').length);
  const at = rest.findIndex((word) => word === '-C' || word === '--folder');
  const options = rest.some((word) => word.startsWith('--url')) ? { url: true } : {};
  const folder = at < 0 ? '.' : (rest[at + 1] ?? '.');
  return lineOf(verb, { words, verbs, arguments: positionalOf(rest, verb), options, folder });
}

const verbOf = (words: readonly string[], verbs: readonly Verb[]): Verb | undefined =>
  verbs.find(({ name }) => `${words.join(' ')} `.startsWith(`${name} `));

function lineOf(
  verb: Verb | undefined,
  { words, verbs, arguments: given, options, folder }: Omit<Call, 'commands'>,
): TypedLine {
  const isOfRelease = /release/.test(verb?.arguments?.[0]?.[0] ?? '');
  return {
    again: verb === undefined || options['url'] !== undefined ? null : `oneroof ${words.map(quoted).join(' ')}`,
    release: isOfRelease ? (given[0] ?? '.') : null,
    folder,
    verbs,
  };
}
