#!/usr/bin/env node
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { startCommand } from './shell/start-command.ts';

class UsageError extends Error {}

const program = yargs(hideBin(process.argv))
  .scriptName('dev-cluster')
  .usage('$0 <command>\n\nA Teleport cluster for development and tests, on this machine only.')
  .command(startCommand)
  .demandCommand(1, 'Name a command: start')
  .strict()
  .version(false)
  .exitProcess(false)
  .fail((message, error) => {
    throw error ?? new UsageError(message);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
