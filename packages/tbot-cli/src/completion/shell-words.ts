import { allCommands, type CommandShape, type OptionShape } from './command-tree.ts';

/** Where in the tree a command line is: `/generate/application`. */
export interface Place {
  readonly path: string;
  /** Words that lead here from the place above. */
  readonly from: readonly string[];
  readonly above: string;
  readonly command: CommandShape;
  /** Names of options whose value is a path or a text of the user's. */
  readonly freeValues: readonly string[];
  /** Options whose value is one of a few. */
  readonly choices: readonly OptionShape[];
}

/** All places of a tree, the program's own first. */
export function placesOf(tree: CommandShape): readonly Place[] {
  return allCommands(tree).map(({ path, command }) => {
    const withValue = command.options.filter(({ takesValue }) => takesValue);
    return {
      path: path.map((word) => `/${word}`).join(''),
      from: command.names,
      above: path
        .slice(0, -1)
        .map((word) => `/${word}`)
        .join(''),
      command,
      freeValues: withValue.filter(({ choices }) => choices.length === 0).flatMap(({ names }) => names),
      choices: withValue.filter(({ choices }) => choices.length > 0),
    };
  });
}

/** In single quotes, as bash and zsh read them. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
