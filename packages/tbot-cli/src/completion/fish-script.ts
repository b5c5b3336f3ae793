import type { CommandShape } from './command-tree.ts';
import { placesOf } from './shell-words.ts';

/** For fish: `tbot completion fish | source`. */
export function fishScript(tree: CommandShape): string {
  const places = placesOf(tree);
  const steps = places
    .filter(({ from }) => from.length > 0)
    .map(({ path, from, above }) => {
      const words = from.map((word) => fishQuoted(`${above}/${word}`)).join(' ');
      return `      case ${words}\n        set where ${fishQuoted(path)}`;
    });
  const lines = places.flatMap(({ path, command }) => {
    const here = `complete -c tbot -n ${fishQuoted(`__tbot_at ${fishQuoted(path)}`)}`;
    return [
      ...command.commands.flatMap(({ names, describe }) =>
        names.map((name) => `${here} -a ${name} -d ${fishQuoted(describe)}`),
      ),
      ...command.argumentChoices.map((word) => `${here} -a ${word}`),
      ...command.options.map(({ names, describe, takesValue, choices }) => {
        const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
        const value = choices.length > 0 ? ` -x -a ${fishQuoted(choices.join(' '))}` : ' -r -F';
        return `${here} ${flags.join(' ')}${takesValue ? value : ''} -d ${fishQuoted(describe)}`;
      }),
    ];
  });
  return `# Completion of tbot for fish: tbot completion fish | source
function __tbot_at
  set -l where ''
  for word in (commandline -opc)[2..-1]
    test "$word" = --exec; and return 1
    switch "$where/$word"
${steps.join('\n')}
    end
  end
  test "$where" = "$argv[1]"
end
complete -c tbot -f
${lines.join('\n')}
`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
