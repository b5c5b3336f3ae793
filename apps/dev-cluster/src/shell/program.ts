import { didYouMean } from '@teleport-ts/api-types';
import yargs, { type Argv, type CommandModule } from 'yargs';
import { addableKinds, addCommand } from './add-commands.ts';
import { ExitCode, errorLines, exitCodeOf, UsageError } from './exit.ts';
import { getCommand, lsCommand, rmCommand, statusCommand } from './look-commands.ts';
import { rotateCommand } from './rotate-command.ts';
import { signCommand } from './sign-command.ts';
import { startCommand } from './start-command.ts';

const commands = [
  startCommand,
  statusCommand,
  lsCommand,
  getCommand,
  addCommand,
  rmCommand,
  rotateCommand,
  signCommand,
] as unknown as CommandModule[];

/** What the parser says about a command line that it does not take. */
class ParserRefusal extends Error {}

function createProgram(argv: readonly string[]): Argv {
  return yargs([...argv])
    .scriptName('dev-cluster')
    .usage('$0 <command>\n\nA Teleport cluster for development and tests, on this machine only.')
    .command(commands)
    .example('$0 start --data-dir ./cluster --bot ci:deployer --app foo', 'Run a cluster')
    .example('$0 add app grafana --uri http://127.0.0.1:3000 --data-dir ./cluster', 'Add to it, while it runs or not')
    .demandCommand(1, 'say what to do: a command is missing')
    .strict()
    .version(false)
    .help()
    .alias('help', 'h')
    .wrap(110)
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'camel-case-expansion': false,
    })
    .check((parsed, options) => noRepetition(parsed, options as unknown as { array: readonly string[] }))
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs finds wrong comes as its own error or as words alone; the rest is a command's failure.
      if (error && error.name !== 'YError') throw error;
      throw new ParserRefusal(message || error.message);
    });
}

/** Of one value two were given: which one counts would be a guess. */
function noRepetition(
  parsed: Readonly<Record<string, unknown>>,
  { array }: { readonly array: readonly string[] },
): true {
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '_' || !Array.isArray(value) || array.includes(name)) continue;
    throw new UsageError(`--${name} is given more than once`);
  }
  return true;
}

/** The whole of the command: does what the arguments say, and tells a failure. @returns the exit code */
export async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  try {
    await runProgram(argv);
    return ExitCode.OK;
  } catch (error) {
    process.stderr.write(errorLines(error));
    return exitCodeOf(error);
  }
}

/** Does what the arguments say. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await createProgram(argv).parseAsync();
  } catch (error) {
    if (!(error instanceof ParserRefusal)) throw error;
    throw usageError(error.message, argv);
  }
}

/** The parser's refusal as a user should read it: which word, and what was probably meant. */
function usageError(message: string, argv: readonly string[]): UsageError {
  const words = argv.filter((word) => !word.startsWith('-'));
  const known = commands.map(nameOf);
  const command = known.find((name) => name === words[0]);
  const kinds = command === 'add' ? addableKinds : [];
  const path = ['dev-cluster', command, kinds.find((kind) => kind === words[1])].filter((word) => word !== undefined);
  const more = `\`${path.join(' ')} --help\` shows more`;
  const unknowns = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1]?.split(', ');
  if (unknowns) {
    const isOption = (name: string): boolean => argv.some((word) => word.split('=')[0] === `--${name}`);
    // Behind an unknown command every option is unknown as well: the command is what to tell.
    const unknown = unknowns.find((name) => !isOption(name)) ?? (unknowns[0] as string);
    if (isOption(unknown)) {
      return new UsageError(`unknown option --${unknown}`, more);
    }
    const expected = command === undefined ? known : path.length < 3 ? kinds : [];
    const what = command === undefined ? 'command' : expected.length > 0 ? 'kind' : 'argument';
    const near = didYouMean(unknown, expected);
    const hint = near === undefined ? more : `did you mean ${near}? ${more}`;
    return new UsageError(`unknown ${what} ${JSON.stringify(unknown)}`, hint);
  }
  if (message.startsWith('Not enough non-option arguments')) {
    return new UsageError(`something is missing behind \`${path.join(' ')}\``, more);
  }
  const [, option, value, choices] = /Argument: (.*?), Given: (.*), Choices: (.*)$/.exec(message) ?? [];
  if (option !== undefined) return new UsageError(`${option} ${value} is none of its values`, `it takes ${choices}`);
  const [, lonely] = /^Not enough arguments following: (.*)$/.exec(message) ?? [];
  if (lonely !== undefined) return new UsageError(`--${lonely} needs a value`, more);
  const [, missing] = /^Missing required arguments?: (.*)$/.exec(message) ?? [];
  if (missing !== undefined) {
    const options = missing.split(', ').map((name) => `--${name}`);
    return new UsageError(`${options.join(' and ')} must be given`, more);
  }
  return new UsageError(message.split('\n')[0] as string, more);
}

const nameOf = ({ command }: CommandModule): string => String(command).split(' ', 1)[0] as string;
