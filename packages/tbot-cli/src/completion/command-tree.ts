import type { Argv, CommandModule, Options } from 'yargs';

/** An option as the help tells of it. */
export interface OptionShape {
  /** With their dashes, `--out`. */
  readonly names: readonly string[];
  readonly describe: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** An option whose values are checked by the command itself, and completed all the same. */
export interface ValuedOptions extends Options {
  readonly values?: readonly string[];
}

/** A command, its options and those of its parents, and what stands below it. */
export interface CommandShape {
  /** Its name, then its other names; none for the program itself. */
  readonly names: readonly string[];
  readonly describe: string;
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
  /** What its argument may be, where that is one of a few. */
  readonly argumentChoices: readonly string[];
  /** Lines of its help's examples. */
  readonly examples: readonly string[];
}

const EVERYWHERE: readonly OptionShape[] = [
  { names: ['--help', '-h'], describe: 'Show help', takesValue: false, choices: [] },
  { names: ['--version'], describe: 'Show version number', takesValue: false, choices: [] },
];

/** All that the program understands, read from the same descriptions that its parser is made of. */
export function commandTree(commands: readonly CommandModule[]): CommandShape {
  const below = commands.map((command) => shapeOf(command, EVERYWHERE));
  return { names: [], describe: '', options: EVERYWHERE, commands: below, argumentChoices: [], examples: [] };
}

/** All commands of a tree with the words that lead to them, parents first. */
export function allCommands(
  command: CommandShape,
  path: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly command: CommandShape }[] {
  const below = command.commands.flatMap((child) => allCommands(child, [...path, child.names[0] ?? '']));
  return [{ path, command }, ...below];
}

function shapeOf(module: CommandModule, inherited: readonly OptionShape[]): CommandShape {
  const names = [module.command, module.aliases].flat().filter((name) => name !== undefined);
  const recorded: Recorded = { options: [], commands: [], argumentChoices: [], examples: [] };
  if (typeof module.builder === 'function') void module.builder(recorder(recorded));
  const options = [...recorded.options, ...inherited];
  return {
    // What stands behind the name is a positional argument.
    names: names.map((name) => name.split(' ')[0]!),
    describe: String(module.describe ?? ''),
    options,
    commands: recorded.commands.map((command) => shapeOf(command, options)),
    argumentChoices: recorded.argumentChoices,
    examples: recorded.examples,
  };
}

interface Recorded {
  readonly options: OptionShape[];
  readonly commands: CommandModule[];
  readonly argumentChoices: string[];
  readonly examples: string[];
}

/** Takes down what a builder says to a parser. */
function recorder({ options, commands, argumentChoices, examples }: Recorded): Argv {
  const add = (name: string, option: ValuedOptions): void => {
    if (option.hidden) return;
    const names = [name, option.alias ?? []].flat().map((each) => (each.length === 1 ? `-${each}` : `--${each}`));
    const takesValue = option.type !== 'boolean';
    const choices = (option.choices ?? option.values ?? []).map(String);
    options.push({ names, describe: option.describe ?? '', takesValue, choices });
  };
  const known: Record<string, (...args: never[]) => void> = {
    option: add,
    options: (all: Readonly<Record<string, Options>>) => {
      for (const [name, option] of Object.entries(all)) add(name, option);
    },
    command: (more: CommandModule | readonly CommandModule[]) => {
      commands.push(...[more].flat());
    },
    positional: (_name: string, { choices = [] }: Options) => {
      argumentChoices.push(...choices.map(String));
    },
    example: (line: string) => {
      examples.push(line);
    },
  };
  const self: Argv = new Proxy({} as Argv, {
    get:
      (_target, name) =>
      (...args: never[]): Argv => {
        known[String(name)]?.(...args);
        return self;
      },
  });
  return self;
}
