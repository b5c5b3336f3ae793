import type { Argv, CommandModule } from 'yargs';
import { print } from '../standard-output.ts';
import { socketOption } from './socket-option.ts';

/** `tbot wait`: until an agent can issue. */
export const waitCommand: CommandModule = {
  command: 'wait',
  describe: 'Wait until an agent is ready; its socket need not be there yet',
  builder: (yargs: Argv): Argv =>
    yargs
      .option('socket', socketOption)
      .option('timeout', { type: 'string', requiresArg: true, default: '1m', describe: 'Longest wait' })
      .example(
        '$0 wait --socket /run/tbot.sock --timeout 30s && ./deploy.sh',
        'Exits 0 when it is ready, 4 when it is too late',
      ),
  handler: async (parsed) => {
    const [{ waitForAgent }, { durationOf }] = await Promise.all([
      import('../agent/wait.ts'),
      import('../durations.ts'),
    ]);
    const timeoutMs = durationOf('--timeout', parsed.timeout as string);
    const socket = parsed.socket as string | undefined;
    print(await waitForAgent({ timeoutMs, ...(socket !== undefined && { socket }) }, process.env));
  },
};
