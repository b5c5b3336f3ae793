import type { CommandShape } from './command-tree.ts';
import { placesOf, quoted } from './shell-words.ts';

/** For bash 4 and newer: `source <(tbot completion bash)`. */
export function bashScript(tree: CommandShape): string {
  const places = placesOf(tree);
  const steps = places
    .filter(({ from }) => from.length > 0)
    .map(
      ({ path, from, above }) =>
        `      ${from.map((word) => quoted(`${above}/${word}`)).join('|')}) where=${quoted(path)} ;;`,
    );
  const branches = places.map(({ path, command, freeValues, choices }) => {
    const words = [
      ...command.commands.flatMap(({ names }) => names),
      ...command.argumentChoices,
      ...command.options.flatMap(({ names }) => names),
    ];
    return [
      `    ${quoted(path)})`,
      '      case $prev in',
      ...choices.map(
        ({ names, choices: values }) => `        ${names.join('|')}) words=${quoted(values.join(' '))} ;;`,
      ),
      ...(freeValues.length > 0 ? [`        ${freeValues.join('|')}) return ;;`] : []),
      `        *) words=${quoted(words.join(' '))} ;;`,
      '      esac',
      '      ;;',
    ].join('\n');
  });
  return `# Completion of tbot for bash: source <(tbot completion bash)
_tbot() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} where= words= i
  COMPREPLY=()
  # Bash takes an equals sign for a word of its own.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} == --exec ]]; then COMPREPLY=($(compgen -c -- "$cur")); return; fi
    case $where/\${COMP_WORDS[i]} in
${steps.join('\n')}
    esac
  done
  case $where in
${branches.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
# Where no word fits, names of files do.
complete -o default -F _tbot tbot
`;
}
