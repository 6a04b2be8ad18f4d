import { Command } from 'commander';
import { OneRoofError, stated } from '../core/index.ts';
import { version } from './program-edition.io.ts';
import { type Call, type CommandRun, type Verb } from './verb.ts';
import { verbs } from './verbs.io.ts';

/**
 * Builds the command line from the table of verbs, as far as the words that were typed need it; nothing of a command is loaded
 * before it is called.
 */
export function createProgram(
  perform: (run: CommandRun, call: Call) => Promise<void>,
  words: readonly string[] = [],
): Command {
  const program = new Command('oneroof')
    .description('A gated release manager for PostgreSQL: agents prepare and prove, people open the gate.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureOutput({ writeErr: (text) => void (text.startsWith('error:') || process.stderr.write(text)) })
    .exitOverride()
    .addHelpText(
      'after',
      '\nTry it without an installation:\n  $ oneroof demo\n\nExit status: 0 done, or GO; 1 NO-GO, BLOCKED or DONE; 2 usage, 3 refused, 4 broken.',
    );
  const groups = new Map<string, Command>();
  for (const verb of verbsFor(words)) {
    const [first = '', second] = verb.name.split(' ');
    const parent = second === undefined ? program : group(program, { groups, name: first });
    add(parent.command(second ?? first), verb, (run, call) => perform(run, { ...call, words, verbs }));
  }
  return program;
}

/** The verbs that can be meant: one and its group where the first word is theirs, none for the version, else all. */
function verbsFor([first = '', ...rest]: readonly string[]): readonly Verb[] {
  if (rest.length === 0 && (first === '-V' || first === '--version')) return [];
  const meant = verbs.filter(({ name }) => name.split(' ')[0] === first);
  return meant.length === 0 ? verbs : meant;
}

const groupSummaries: Readonly<Record<string, string>> = {
  clone: 'golden copies and the clones made from them',
  draft: 'write a release from another one',
  new: 'add to a release',
  policy: 'who has to ratify',
  server: 'programs of PostgreSQL for private servers',
  registry: 'the persons and their passkeys',
};

function group(program: Command, of: { groups: Map<string, Command>; name: string }): Command {
  const known = of.groups.get(of.name);
  if (known !== undefined) return known;
  const made = program
    .command(of.name)
    .description(groupSummaries[of.name] ?? '')
    .helpCommand(false);
  of.groups.set(of.name, made);
  return made;
}

function add(
  command: Command,
  verb: Verb,
  perform: (run: CommandRun, call: Omit<Call, 'words' | 'verbs'>) => Promise<void>,
): void {
  command.description(verb.summary);
  for (const [name, text] of verb.arguments ?? []) command.argument(name, text);
  for (const [flags, text, preset] of verb.options ?? [])
    if (preset === undefined) command.option(flags, text);
    else command.option(flags, text, preset);
  command
    .option('-C, --folder <folder>', 'work in this folder', '.')
    .option('--json', 'print one JSON object on stdout (docs/JSON.md)')
    .addHelpText('after', `\nExamples:\n${verb.examples.map((line) => `  $ ${line}`).join('\n')}`)
    .action(async () => {
      mustHaveFolder();
      const options: Call['options'] = command.opts();
      const { run } = await verb.load();
      await perform(run, {
        commands: verbs.map(({ name, options: own = [] }) => ({
          name,
          options: [...own.map(([flags]) => /--[a-z-]+/.exec(flags)?.[0] ?? ''), '--folder', '--json', '--help'],
        })),
        arguments: command.args,
        options,
        folder: String(options['folder']),
      });
    });
}

/** Stops: a shell that stays in a folder that was deleted, where no relative path leads anywhere. */
function mustHaveFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`the folder in which the command was started no longer exists`,
      fix: 'change to an existing folder: cd FOLDER',
      cause,
    });
  }
}
