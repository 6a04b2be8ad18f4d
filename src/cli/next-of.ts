import { quoted } from '../report/index.ts';
import { type Verb } from './verb.ts';

/** What a next command is completed with: how the present one was called. */
export interface TypedLine {
  /** The present command as it was typed, without its secrets; null where it cannot be typed again. */
  readonly again: string | null;
  /** The folder of the release, where the present command is about one. */
  readonly release: string | null;
  /** What `-C` names; `.` where it was left out. */
  readonly folder: string;
  /** Every command. */
  readonly verbs: readonly Verb[];
}

/** Where a fix names a command: in backquotes; or after its beginning, a colon, a bracket or a word, up to where a command ends. */
const mention = /`oneroof ([^`]+)`|(?<![\w./@:-])oneroof ([^\n`|;&<>)#,(]*)|\bthe (?:same )?command again\b/g;

/**
 * The command line in a fix, completed from the present one; null where a person has to act, or has to choose a value.
 *
 * Shape   it can be typed as it is: the verb is one of ours, its options are known, and no word is a placeholder.
 */
export function nextIn(fix: string, typed: TypedLine): string | null {
  for (const [whole, marked, loose] of fix.matchAll(mention)) {
    const found = marked ?? loose;
    const next = found === undefined ? again(whole, typed) : complete(found, typed, marked !== undefined);
    if (next !== null) return next;
  }
  return null;
}

const again = (_: string, { again: line }: TypedLine): string | null => line;

/** Values that a reader has to choose. */
const placeholder = /^(?:"?(?:why|WHY)"?|[A-Z][A-Z_]+|NAME|…|\.\.\.|"…"|<.*>|\[.*\]|FOLDER=.*)$/;

function complete(found: string, typed: TypedLine, isMarked: boolean): string | null {
  const words =
    found
      .trim()
      .replace(/[.:]$/, '')
      .match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const verb = typed.verbs.find(({ name }) => `${words.join(' ')} `.startsWith(`${name} `));
  if (verb === undefined) return null;
  const rest = argumentsIn(words.slice(verb.name.split(' ').length), verb, isMarked);
  if (rest === null) return null;
  const release = releaseFor(verb, rest, typed);
  const own = rest.positional.length > 0 || release === null ? rest.words : [release, ...rest.words];
  const line = own.map((word) =>
    /^(?:RELEASE|my-release)$/.test(word) && typed.release !== null ? quoted(typed.release) : word,
  );
  if (line.some((word) => placeholder.test(word.replace(/^--[a-z-]+=/, '')))) return null;
  if ((verb.arguments ?? []).some(([name], at) => name.startsWith('<') && at >= positionalOf(line, verb).length))
    return null;
  const where = typed.folder === '.' || line.includes('-C') ? [] : ['-C', quoted(typed.folder)];
  return ['oneroof', verb.name, ...line, ...where].join(' ');
}

interface Parts {
  readonly words: readonly string[];
  readonly positional: readonly string[];
}

/** The words that belong to a command; what is prose after it is left out. Null: it has an option that the command does not know. */
function argumentsIn(words: readonly string[], verb: Verb, isMarked: boolean): Parts | null {
  const most = verb.arguments?.length ?? 0;
  const positional = positionalOf(words, verb);
  const isAll = isMarked || positional.length <= most;
  // which of these words is the target, and which is prose? A command for another target must not come of it
  if (!isAll && most > 0 && verb.arguments?.[0]?.[0] !== '[release]') return null;
  const taken: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (/^--?[a-zA-Z]/.test(word)) {
      const takes = optionOf(word, verb);
      // prose after an option that takes a value: no one can say where the command ends
      if (takes === null || (takes && !isAll && /^[a-z]*$/.test(words[at + 1] ?? ''))) return null;
      taken.push(word, ...(takes && !word.includes('=') ? words.slice(at + 1, at + 2) : []));
      if (takes && !word.includes('=')) at += 1;
    } else if (isAll) taken.push(word);
    else break;
  }
  return { words: taken, positional: positionalOf(taken, verb) };
}

export function positionalOf(words: readonly string[], verb: Verb): readonly string[] {
  return words.filter((word, at) => !/^--?[a-zA-Z]/.test(word) && optionOf(words[at - 1] ?? '', verb) !== true);
}

const everywhere: readonly (readonly [flags: string, text: string])[] = [
  ['-C, --folder <folder>', ''],
  ['--json', ''],
  ['-h, --help', ''],
];

/** Whether an option takes a value; null: the command does not have it. */
function optionOf(word: string, verb: Verb): boolean | null {
  const name = word.split('=')[0] ?? '';
  const found = [...everywhere, ...(verb.options ?? [])].find(([flags]) => flags.split(/[ ,]+/).includes(name));
  return found === undefined ? null : /[<[]/.test(found[0]);
}

/** A command about a release is about the present one, where it names none. */
function releaseFor(verb: Verb, { words, positional }: Parts, { release }: TypedLine): string | null {
  const isOfRelease = verb.arguments?.[0]?.[0] === '[release]';
  const isHelp = words.includes('--help');
  return isOfRelease && !isHelp && positional.length === 0 && release !== null && release !== '.'
    ? quoted(release)
    : null;
}
