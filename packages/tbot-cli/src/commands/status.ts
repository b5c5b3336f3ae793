import type { Argv, CommandModule } from 'yargs';
import { print } from '../standard-output.ts';
import { socketOption } from './socket-option.ts';

/** `tbot status`: asks an agent how it is. */
export const statusCommand: CommandModule = {
  command: 'status',
  describe: 'Show how an agent is: its identity, its sockets, their last errors',
  builder: (yargs: Argv): Argv =>
    yargs
      .option('socket', socketOption)
      .option('format', { choices: ['text', 'json'] as const, default: 'text', describe: 'For people or for programs' })
      .option('timeout', { type: 'string', requiresArg: true, default: '10s', describe: 'Longest wait' })
      .example('$0 status --socket /run/tbot.sock', 'A table')
      .example('$0 status --socket /run/tbot.sock --format json', 'For jq'),
  handler: async (parsed) => {
    const { agentStatus } = await import('../agent/status.ts');
    const { durationOf } = await import('../durations.ts');
    const options = {
      ...(parsed.socket === undefined ? {} : { socket: parsed.socket as string }),
      format: parsed.format as 'text' | 'json',
      timeoutMs: durationOf('--timeout', parsed.timeout as string),
    };
    print(await agentStatus(options, process.env, Date.now()));
  },
};
