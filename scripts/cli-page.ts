import { type Command } from 'commander';
import { createProgram } from '../src/cli/program.io.ts';
import { verbs } from '../src/cli/verbs.io.ts';

/** The text of docs/cli.md, from the command line's own help. */
export function commandLinePage(): string {
  const program = createProgram(async () => {});
  const pages = verbs.map(({ name, examples }) => {
    const [first, second] = name.split(' ');
    const parent = second === undefined ? program : named(program, first ?? '');
    const command = named(parent, second ?? first ?? '').configureHelp({ helpWidth: 100 });
    const lines = [
      ...command.helpInformation().trimEnd().split('\n'),
      '',
      'Examples:',
      ...examples.map((one) => `  $ ${one}`),
    ];
    return [`## oneroof ${name}`, '', '```text', ...lines, '```', ''].join('\n');
  });
  return [
    '# The command line',
    '',
    'Generated from the help of the commands by `npm run docs`.',
    '',
    'Data goes to stdout, talk to stderr. `--json` prints one object on stdout ([JSON.md](JSON.md)).',
    'Exit status: 0 done, or GO; 1 NO-GO, BLOCKED, or DONE (nothing may be rolled out); 2 usage, 3 refused, 4 broken',
    '([ERRORS.md](ERRORS.md)).',
    '',
    ...pages,
  ].join('\n');
}

function named(parent: Command, name: string): Command {
  const found = parent.commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`there is no command ${name}`);
  return found;
}
