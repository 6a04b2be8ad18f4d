import { OneRoofError, printable, stated } from '../core/index.ts';
import { type PerformTool, type ToolService, type ToolWords } from '../mcp/index.ts';
import { problemFinding } from './finding.ts';
import { typedOf } from './typed-line.ts';
import { type TextLayout, plain } from './text/index.ts';
import { toldAfter } from './interrupted.ts';
import { type Terminal, type View } from './output.io.ts';
import { type Call } from './verb.ts';

/** So often a display of progress that changes by itself is read. Milliseconds. */
const pace = 2000;

/** Performs the command of a tool in this process, as the command line does with --json; what it would say on the terminal is told. */
export function performIn({ folder, commands, verbs }: Pick<Call, 'folder' | 'commands' | 'verbs'>): PerformTool {
  return async (command, words, { signal, tell, show }) => {
    const verb = verbs.find(({ name }) => name === command);
    if (verb === undefined)
      throw new OneRoofError('INTERNAL', { ...stated`there is no command ${{ command }}`, fix: 'please report it' });
    const { run } = await verb.load();
    const { terminal, close } = listening({ tell, show });
    try {
      const call = callOf({ folder, verbs }, command, words);
      const options = { ...presetsOf(verb), ...words.options, folder, json: true };
      return await run({ ...call, commands, options, terminal, signal });
    } catch (error) {
      throw toldAfter(error, signal);
    } finally {
      close();
    }
  };
}

/** What the options of a command are where they are not given, by the names that the command knows them by. */
export function presetsOf({ options = [] }: Pick<Call['verbs'][number], 'options'>): Readonly<Record<string, string>> {
  const named = (flags: string): string =>
    (/--([a-z-]+)/.exec(flags)?.[1] ?? '').replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(
    options.flatMap(([flags, , preset]) => (preset === undefined ? [] : [[named(flags), preset]])),
  );
}

/** The problems of a tool's command, as its JSON has them. */
export function printedIn(of: Pick<Call, 'folder' | 'verbs'>): ToolService['printed'] {
  return (command, words, problems) => {
    const typed = typedOf({ ...callOf(of, command, words), options: words.options });
    return problems.map((one) => problemFinding(one, typed));
  };
}

function callOf({ folder, verbs }: Pick<Call, 'folder' | 'verbs'>, command: string, words: ToolWords) {
  return { words: [...command.split(' '), ...words.arguments], verbs, arguments: words.arguments, folder };
}

/** A terminal that no one sees: its lines are told, and its present progress from time to time. */
function listening(to: { readonly tell: (line: string) => void; readonly show: (now: string) => void }): {
  readonly terminal: Terminal;
  readonly close: () => void;
} {
  let view: View | null = null;
  const look: TextLayout = plain;
  const timer = setInterval(() => {
    if (view !== null) to.show(view(look).join('\n'));
  }, pace).unref();
  return {
    terminal: {
      say: (line) => to.tell(line),
      progress: (now) => {
        view = typeof now === 'string' ? null : now;
        if (typeof now === 'string') to.show(printable(now));
      },
    },
    close: () => clearInterval(timer),
  };
}
