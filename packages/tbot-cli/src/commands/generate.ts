import type { Argv, CommandModule } from 'yargs';
import { UsageError } from '../exit.ts';
import { type GenerateArguments, KIND_WORDS } from '../generate/arguments.ts';
import { generateArguments } from '../generate/parsed-arguments.ts';
import { GENERATE_KINDS, type KindHelp, outputOptions } from './generate-kinds.ts';
import { socketOption } from './socket-option.ts';

/** Does what the arguments say. @returns the exit code */
export type RunGenerate = (given: GenerateArguments) => Promise<number>;

/** `tbot generate`: asks an agent's socket for a credential. */
export const generateCommand: CommandModule = generateCommandWith(async (given) => {
  const { generateCredential } = await import('../generate/generate.ts');
  return await generateCredential(given);
});

export function generateCommandWith(run: RunGenerate): CommandModule {
  return {
    command: 'generate',
    describe: 'Ask an agent for a short-lived credential: as files, printed, or for one command',
    builder: (yargs: Argv): Argv =>
      yargs
        .option('socket', socketOption)
        .option('timeout', {
          type: 'string',
          requiresArg: true,
          describe: 'Longest wait, for example 10s [default: 30s]',
        })
        .command(GENERATE_KINDS.map((help) => kindCommandWith(help, run)))
        .demandCommand(1, 'say what to generate: identity, application, database or kubernetes')
        .example(
          '$0 generate --socket /run/tbot.sock application --app-name grafana --out file:///tmp/app',
          'Files for curl',
        )
        .example(
          'TBOT_SOCKET=/run/tbot.sock $0 generate app --app grafana --out /tmp/app --ttl 10m',
          'The same, shorter',
        ),
    handler: () => {},
  };
}

function kindCommandWith({ kind, describe, options, examples }: KindHelp, run: RunGenerate): CommandModule {
  const [command, ...aliases] = KIND_WORDS[kind] as [string, ...string[]];
  return {
    command,
    aliases,
    describe,
    builder: (yargs: Argv): Argv => {
      const withOptions = outputOptions(yargs.options(options));
      return examples.reduce((all, [line, what]) => all.example(line, what), withOptions);
    },
    handler: async (parsed) => {
      if (parsed['--'] !== undefined && !parsed.exec) {
        throw new UsageError(
          'words behind -- need --exec before them',
          'write --exec CMD as the last words of the line',
        );
      }
      const code = await run(generateArguments(kind, parsed));
      // Another command may have set it to something else before: only failures are told.
      if (code !== 0) process.exitCode = code;
    },
  };
}
