import { createRequire } from 'node:module';
import yargs, { type Argv, type CommandModule } from 'yargs';
import { auditCommand } from './commands/audit.ts';
import { completionCommandFor } from './commands/completion.ts';
import { generateCommand } from './commands/generate.ts';
import { kubeCommand } from './commands/kube.ts';
import { sshProxyCommand } from './commands/ssh-proxy-command.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { validateCommand } from './commands/validate.ts';
import { versionCommand } from './commands/version.ts';
import { waitCommand } from './commands/wait.ts';
import { commandTree } from './completion/command-tree.ts';
import { UsageError } from './exit.ts';
import { checkFlagValues } from './flag-values.ts';
import { fenceOffCommand } from './generate/parsed-arguments.ts';
import { ParserRefusal, usageError } from './parser-refusal.ts';

/**
 * All commands, in the order of the help. A command's file describes it and its options with examples; what it does is
 * imported by its handler, so that one command does not pay for another. A handler throws to fail.
 */
export const commands: readonly CommandModule[] = [
  startCommand,
  generateCommand,
  kubeCommand,
  sshProxyCommand,
  statusCommand,
  waitCommand,
  validateCommand,
  auditCommand,
  completionCommandFor(() => commands),
  versionCommand,
];

/** The whole command line; parsing runs the command and rejects with its error. */
export function createProgram(argv: readonly string[], list: readonly CommandModule[] = commands): Argv {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return yargs([...fenceOffCommand(argv)], workingDirectory())
    .scriptName('tbot')
    .usage('$0 <command>\n\nMachine ID: an agent, and short-lived credentials from its socket.')
    .command([...list])
    .example('$0 start -c /etc/tbot.yaml', 'Run an agent')
    .example('$0 generate --socket /run/tbot.sock application --app-name grafana --out /tmp/app', 'Ask it')
    .demandCommand(1, 'say what to do: a command is missing')
    .strict()
    .version(version)
    .help()
    .alias('help', 'h')
    .wrap(100)
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'camel-case-expansion': false,
      'parse-positional-numbers': false,
      'populate--': true,
    })
    .check(noRepetition)
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs finds wrong comes as its own error or as words alone; the rest is a command's failure.
      if (error && error.name !== 'YError') throw error;
      throw new ParserRefusal(message || error.message);
    });
}

/** The parser asks for it, and needs it for nothing that is used here: it may be gone. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/** Options that take several values. */
const REPEATABLE: readonly string[] = ['_', '--', 'files', 'roles', 'ca-pin'];

/** Runs what the arguments say; help and version are printed. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  checkFlagValues(fenceOffCommand(argv), commandTree(commands));
  try {
    await createProgram(argv).parseAsync();
  } catch (error) {
    if (!(error instanceof ParserRefusal)) throw error;
    throw usageError(error, argv, await helpOf(argv));
  }
}

/** The help of the command that a command line means, taking each word behind an option for its value. */
async function helpOf(argv: readonly string[]): Promise<string> {
  const isOption = (word: string | undefined): boolean => word?.startsWith('-') === true;
  const commandWords = argv.filter((word, index) => {
    const before = argv[index - 1];
    return !isOption(word) && (!isOption(before) || before?.includes('='));
  });
  return await createProgram(commandWords).getHelp();
}

/** Of one value two were given: which one counts would be a guess. Options that take several are arrays of their own. */
function noRepetition(parsed: Readonly<Record<string, unknown>>): true {
  for (const [name, value] of Object.entries(parsed)) {
    if (REPEATABLE.includes(name) || !Array.isArray(value)) continue;
    throw new UsageError(`--${name} is given more than once`);
  }
  return true;
}
