import { createRequire } from 'node:module';
import type { Argv, CommandModule } from 'yargs';
import { print } from '../standard-output.ts';

/** `tbot version`: this version, and the Teleport it is made for. */
export const versionCommand: CommandModule = {
  command: 'version',
  describe: 'Show the version of this command and of the Teleport API that it speaks',
  builder: (yargs: Argv): Argv =>
    yargs
      .option('format', { choices: ['text', 'json'] as const, default: 'text', describe: 'For people or for programs' })
      .example('$0 version --format json', 'For programs'),
  handler: async (parsed) => {
    const { TELEPORT_API_VERSION } = await import('@teleport-ts/api-types');
    const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
    const text =
      parsed.format === 'json'
        ? JSON.stringify({ version, teleportApi: TELEPORT_API_VERSION, node: process.versions.node })
        : `tbot ${version}, for Teleport ${TELEPORT_API_VERSION}, Node ${process.versions.node}`;
    print(`${text}\n`);
  },
};
