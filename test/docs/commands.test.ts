import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.io.ts';
import { verbs } from '../../src/cli/verbs.io.ts';

const root = join(import.meta.dirname, '..', '..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const below = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
const sources = below('src', '.ts');
const pages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...below('docs', '.md'), ...below('examples', '.md')];

const program = createProgram(async () => {});
const groups = new Set(verbs.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : [])));

function commandOf(name: string): Command {
  return name.split(' ').reduce<Command>((parent, word) => {
    const found = parent.commands.find((command) => command.name() === word);
    if (found === undefined) throw new Error(`there is no command ${name}`);
    return found;
  }, program);
}

const optionsOf = (command: Command): readonly string[] =>
  ['-h', '--help', ...command.options.flatMap(({ short, long }) => [short ?? '', long ?? ''])].filter(
    (one) => one !== '',
  );
const everyOption = new Set(['-V', '--version', ...verbs.flatMap(({ name }) => optionsOf(commandOf(name)))]);

/** Names of sessions, as pg_stat_activity shows them, and no commands. */
const sessions = new Set(['attempt', 'outcome', 'blockers']);

/** What is wrong with words that follow `oneroof`; null where verb and options are there. Prose may follow, and HOLE is computed. */
function problemOf(words: readonly string[]): string | null {
  const [first = '', second = '', ...rest] = words;
  if (everyOption.has(first) || first.includes('HOLE') || sessions.has(first)) return null;
  const name = verbs.map((verb) => verb.name).find((verb) => verb === `${first} ${second}` || verb === first);
  if (name === undefined && groups.has(first)) return second === '--help' ? null : `oneroof ${first} needs a verb`;
  if (name === undefined) return `oneroof ${first} is no command`;
  const options = optionsOf(commandOf(name));
  const given = [second, ...rest].filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.split('=')[0] ?? '');
  const unknown = given.find((word) => !options.includes(word) && !word.includes('HOLE'));
  return unknown === undefined ? null : `oneroof ${name} has no ${unknown}`;
}

/** The commands in a text: the words behind `oneroof`, up to where a command ends. A hole of a template is the word HOLE. */
function commandsIn(source: string): readonly (readonly string[])[] {
  const plain = source.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'HOLE');
  const found = plain.matchAll(/(?<![\w./@:-])oneroof ((?:--)?[A-Za-z][^\n`|;&<>)#,"'\\(…]*)/g);
  return [...found].map(([, rest = '']) =>
    rest
      .replaceAll(/[.:](?= |$)/g, ' ')
      .trim()
      .split(/\s+/),
  );
}

/** The program text without its comments. */
const withoutComments = (source: string): string =>
  source
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line))
    .join('\n');

/** Names of sessions, as pg_stat_activity shows them: no commands. */
const withoutSessions = (source: string): string =>
  source.replaceAll(/(?:applicationName|purpose|who)\b[^\n]*'oneroof [a-z -]+'/g, '');

/** Options of other programs that a text may name. */
const foreign = new Set([
  '--unshallow',
  '--diff-filter',
  '--data-only',
  '--inserts',
  '--omit',
  '--create',
  '--roles-only',
  '--no-owner',
  '--no-privileges',
  '--section',
  '--snapshot',
  '--reuid',
  '--regid',
  '--net',
]);

describe('a command that a text names', () => {
  it('is there, with its options, in every hint, page and help of the program', () => {
    const wrong = sources.flatMap((file) =>
      commandsIn(withoutSessions(withoutComments(text(file)))).flatMap((words) => {
        const problem = problemOf(words);
        return problem === null ? [] : [`${file}: ${words.join(' ')}: ${problem}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('is there, with its options, in every document', () => {
    const wrong = pages.flatMap((file) => {
      const code = [...text(file).matchAll(/^```(?:sh|console|text)?\n([^]*?)^```$|`([^`\n]+)`/gm)];
      return code
        .flatMap(([, block = '', span = '']) => commandsIn(`${block}\n${span}`))
        .flatMap((words) => {
          const problem = problemOf(words);
          return problem === null ? [] : [`${file}: ${words.join(' ')}: ${problem}`];
        });
    });
    expect(wrong).toEqual([]);
  });

  it('has no option that no command has', () => {
    const named = sources
      .filter((file) => !file.startsWith('src/demo/'))
      .flatMap((file) =>
        [...withoutComments(text(file)).matchAll(/(?:(?<=\S )|(?<=`))--[a-z][a-z-]+/g)].map(([option]) => ({
          file,
          option,
        })),
      );
    const wrong = named.filter(({ option }) => !everyOption.has(option) && !foreign.has(option));
    expect(wrong).toEqual([]);
  });

  it('is taken by the command line itself, in every block of a shell and in every example of the help', async () => {
    const lines = [
      ...verbs.flatMap(({ examples }) => examples),
      ...pages.flatMap((file) =>
        [...text(file).matchAll(/^```(?:sh|console)\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n')),
      ),
    ];
    const typed = lines.flatMap((line) => {
      const [, words] = /^(?:\$ )?(?:npx )?oneroof (.*?)(?: +#.*| *[|>&].*)?$/.exec(line) ?? [];
      return words === undefined ? [] : [words];
    });
    expect(typed.length).toBeGreaterThan(80);
    const wrong: string[] = [];
    for (const words of typed) {
      const argv = [...words.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word.replaceAll(/^["']|["']$/g, ''));
      const quiet = createProgram(async () => {}, argv).configureOutput({ writeOut: () => {}, writeErr: () => {} });
      await quiet.parseAsync(argv, { from: 'user' }).catch((error: unknown) => {
        const isAnswer = error instanceof CommanderError && error.exitCode === 0;
        if (!isAnswer) wrong.push(`oneroof ${words}: ${String(error)}`);
      });
    }
    expect(wrong).toEqual([]);
  });

  it('is found where it is not there', () => {
    const problems = (source: string): readonly (string | null)[] => commandsIn(source).map(problemOf);
    expect(problems('run `oneroof clone` first')).toEqual(['oneroof clone needs a verb']);
    expect(problems("fix: 'oneroof gc'")).toEqual(['oneroof gc is no command']);
    expect(problems('`oneroof init --config ${file}`')).toEqual(['oneroof init has no --config']);
    expect(problems('oneroof ratify ${name} --rollback; oneroof clone gc')).toEqual([null, null]);
    expect(problems('see oneroof.yaml and my-oneroof gc')).toEqual([]);
  });
});
