import type { CommandShape } from './command-tree.ts';
import { placesOf, quoted } from './shell-words.ts';

/** For zsh with its completion system loaded: `source <(tbot completion zsh)`, or as a file `_tbot` in `fpath`. */
export function zshScript(tree: CommandShape): string {
  const places = placesOf(tree);
  const steps = places
    .filter(({ from }) => from.length > 0)
    .map(
      ({ path, from, above }) => `      (${from.map((word) => `${above}/${word}`).join('|')}) where=${quoted(path)} ;;`,
    );
  const branches = places.map(({ path, command, freeValues, choices }) => {
    const entry = (name: string, describe: string): string => quoted(`${name.replaceAll(':', '\\:')}:${describe}`);
    const below = command.commands.flatMap(({ names, describe }) => names.map((name) => entry(name, describe)));
    below.push(...command.argumentChoices.map(quoted));
    const options = command.options.flatMap(({ names, describe }) => names.map((name) => entry(name, describe)));
    return [
      `    (${quoted(path)})`,
      '      case $prev in',
      ...choices.map(
        ({ names, choices: values }) => `        (${names.join('|')}) compadd -- ${values.join(' ')}; return ;;`,
      ),
      ...(freeValues.length > 0 ? [`        (${freeValues.join('|')}) _files; return ;;`] : []),
      '      esac',
      `      commands=(${below.join(' ')})`,
      `      options=(${options.join(' ')})`,
      '      ;;',
    ].join('\n');
  });
  return `#compdef tbot
# Completion of tbot for zsh: source <(tbot completion zsh)
_tbot() {
  local where= prev=\${words[CURRENT-1]} word
  local -a commands options
  for word in \${words[2,CURRENT-1]}; do
    if [[ $word == --exec ]]; then _normal; return; fi
    case $where/$word in
${steps.join('\n')}
    esac
  done
  case $where in
${branches.join('\n')}
  esac
  if [[ \${words[CURRENT]} != -* ]] && (( $#commands )); then _describe command commands; elif [[ \${words[CURRENT]} == -* ]]; then _describe -o option options; else _describe -o option options; _files; fi
}
if [[ $funcstack[1] == _tbot ]]; then _tbot "$@"; else compdef _tbot tbot; fi
`;
}
