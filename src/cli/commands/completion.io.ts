import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Call, type CommandRun } from '../verb.ts';

type Commands = Call['commands'];

interface Words {
  readonly firsts: readonly string[];
  readonly groups: readonly string[];
  readonly seconds: (first: string) => readonly string[];
  readonly commands: Commands;
}

function wordsOf(commands: Commands): Words {
  const split = commands.map(({ name }) => name.split(' '));
  const seconds = (first: string): string[] =>
    split.flatMap(([one, two]) => (one === first && two !== undefined ? [two] : []));
  const firsts = [...new Set(split.map(([first]) => first ?? ''))];
  return { firsts, seconds, groups: firsts.filter((first) => seconds(first).length > 0), commands };
}

/** The first two words of a command line, as a pattern of the shell: of a command of one word, the second may be anything. */
function pattern(name: string): string {
  return name.includes(' ') ? `"${name}"` : `"${name} "*`;
}

const scripts: Readonly<Record<string, (words: Words) => string>> = {
  bash: ({ firsts, groups, seconds, commands }) => `_oneroof() {
  local words=""
  if [ "$COMP_CWORD" = 1 ]; then words="${firsts.join(' ')}"
  elif [[ "\${COMP_WORDS[COMP_CWORD]}" == -* ]]; then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${commands.map(({ name, options }) => `      ${pattern(name)}) words="${options.join(' ')}" ;;`).join('\n')}
    esac
  elif [ "$COMP_CWORD" = 2 ]; then
    case "\${COMP_WORDS[1]}" in
${groups.map((first) => `      ${first}) words="${seconds(first).join(' ')}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _oneroof oneroof
`,
  zsh: ({ firsts, groups, seconds, commands }) => `#compdef oneroof
_oneroof() {
  if (( CURRENT == 2 )); then compadd -- ${firsts.join(' ')}; return; fi
  if [[ "$words[CURRENT]" == -* ]]; then
    case "$words[2] $words[3]" in
${commands.map(({ name, options }) => `      ${pattern(name)}) compadd -- ${options.join(' ')} ;;`).join('\n')}
    esac
    return
  fi
  case "$words[2]" in
${groups.map((first) => `    ${first}) (( CURRENT == 3 )) && compadd -- ${seconds(first).join(' ')} && return ;;`).join('\n')}
  esac
  _files
}
compdef _oneroof oneroof
`,
  fish: ({ firsts, groups, seconds, commands }) =>
    [
      ...firsts.map((first) => `complete -c oneroof -n __fish_use_subcommand -a ${first}`),
      ...groups.flatMap((first) =>
        seconds(first).map((second) => `complete -c oneroof -n '__fish_seen_subcommand_from ${first}' -a ${second}`),
      ),
      ...commands.flatMap(({ name, options }) => {
        const seen = name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
        return options.map((option) => `complete -c oneroof -n '${seen.join('; and ')}' -l ${option.slice(2)}`);
      }),
      '',
    ].join('\n'),
};

/** Prints the completion script of a shell. */
export const run: CommandRun = async (context) => {
  const shell = context.arguments[0] ?? '';
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined)
    throw new OneRoofError('USAGE', {
      ...stated`there is no completion for the shell "${{ shell: printable(shell) }}"; expected bash, zsh or fish`,
      fix: 'oneroof completion bash',
    });
  const text = script(wordsOf(context.commands));
  return { exit: 0, schema: 'oneroof/completion/1', data: { shell, script: text }, text };
};
