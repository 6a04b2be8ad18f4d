import { OneRoofError, printable } from '../../core/index.ts';
import { type Run } from '../verb.ts';

interface Words {
  readonly firsts: readonly string[];
  readonly groups: readonly string[];
  readonly seconds: (first: string) => readonly string[];
}

function wordsOf(commands: readonly string[]): Words {
  const split = commands.map((name) => name.split(' '));
  const seconds = (first: string): string[] =>
    split.flatMap(([one, two]) => (one === first && two !== undefined ? [two] : []));
  const firsts = [...new Set(split.map(([first]) => first ?? ''))];
  return { firsts, seconds, groups: firsts.filter((first) => seconds(first).length > 0) };
}

const scripts: Readonly<Record<string, (words: Words) => string>> = {
  bash: ({ firsts, groups, seconds }) => `_oneroof() {
  local words="${firsts.join(' ')}"
  case "\${COMP_WORDS[1]}" in
${groups.map((first) => `    ${first}) [ "$COMP_CWORD" = 2 ] && words="${seconds(first).join(' ')}" ;;`).join('\n')}
  esac
  if [ "$COMP_CWORD" -gt 1 ] && [ "$words" = "${firsts.join(' ')}" ]; then words=""; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _oneroof oneroof
`,
  zsh: ({ firsts, groups, seconds }) => `#compdef oneroof
_oneroof() {
  if (( CURRENT == 2 )); then compadd -- ${firsts.join(' ')}; return; fi
  case "$words[2]" in
${groups.map((first) => `    ${first}) (( CURRENT == 3 )) && compadd -- ${seconds(first).join(' ')} && return ;;`).join('\n')}
  esac
  _files
}
compdef _oneroof oneroof
`,
  fish: ({ firsts, groups, seconds }) =>
    [
      ...firsts.map((first) => `complete -c oneroof -n __fish_use_subcommand -a ${first}`),
      ...groups.flatMap((first) =>
        seconds(first).map((second) => `complete -c oneroof -n '__fish_seen_subcommand_from ${first}' -a ${second}`),
      ),
      '',
    ].join('\n'),
};

/** Prints the completion script of a shell. */
export const run: Run = async (context) => {
  const shell = context.arguments[0] ?? '';
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined)
    throw new OneRoofError('USAGE', {
      problem: `there is no completion for the shell "${printable(shell)}"`,
      fix: 'name one of bash, zsh, fish',
    });
  const text = script(wordsOf(context.commands));
  return { exit: 0, schema: 'oneroof/completion/1', data: { shell, script: text }, text };
};
