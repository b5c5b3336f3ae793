import type { Argv, CommandModule } from 'yargs';
import { type GenerateArguments, splitRoles } from '../generate/arguments.ts';

/** Does what the arguments say. */
export type RunGenerate = (given: GenerateArguments) => Promise<void>;

/** `tbot generate`: asks an agent's socket for a credential. */
export const generateCommand: CommandModule = generateCommandWith(async (given) => {
  const { generateApplication } = await import('../generate/generate.ts');
  await generateApplication(given);
});

export function generateCommandWith(run: RunGenerate): CommandModule {
  return {
    command: 'generate',
    describe: 'Ask an agent for a short-lived credential and write it to files',
    builder: (yargs: Argv): Argv =>
      yargs
        .option('socket', {
          type: 'string',
          requiresArg: true,
          describe: 'Socket of the agent: file:///path, unix:///path or a path [env: TBOT_SOCKET]',
        })
        .option('timeout', {
          type: 'string',
          requiresArg: true,
          describe: 'Longest wait, for example 10s [default: 30s]',
        })
        .command(applicationCommandWith(run))
        .demandCommand(1, 'say what to generate: application')
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

function applicationCommandWith(run: RunGenerate): CommandModule {
  return {
    command: 'application',
    aliases: ['app'],
    describe: "A client certificate for one application behind the cluster's proxy",
    builder: (yargs: Argv): Argv =>
      yargs
        .option('app-name', {
          alias: 'app',
          type: 'string',
          requiresArg: true,
          describe: 'Exact name of the application',
        })
        .option('out', {
          alias: 'destination',
          type: 'string',
          requiresArg: true,
          describe: 'Directory for the files: file:///path or an absolute path',
        })
        .option('cluster', {
          type: 'string',
          requiresArg: true,
          describe: "Cluster of the application [default: the bot's own]",
        })
        .option('ttl', {
          alias: 'certificate-ttl',
          type: 'string',
          requiresArg: true,
          describe: "Lifetime, at least 1m [default: the agent's]",
        })
        .option('roles', {
          type: 'string',
          array: true,
          nargs: 1,
          requiresArg: true,
          describe: 'Roles to hold, by commas or repeated [default: all that the socket allows]',
        })
        .option('specific-tls-naming', { type: 'boolean', describe: 'Also write tls.crt, tls.key and tls.cas' })
        .example(
          '$0 generate --socket /run/tbot.sock application --app-name grafana --out /tmp/app && curl --cert /tmp/app/tlscert --key /tmp/app/key https://grafana.example.com/',
          'Call an application',
        ),
    handler: (parsed) => run(generateArguments(parsed)),
  };
}

/** From what yargs read to what the rest of the command understands. */
function generateArguments(parsed: Readonly<Record<string, unknown>>): GenerateArguments {
  const roles = parsed.roles as string[] | undefined;
  return {
    ...text('socket', parsed.socket),
    ...text('appName', parsed['app-name']),
    ...text('cluster', parsed.cluster),
    ...text('out', parsed.out),
    ...text('ttl', parsed.ttl),
    ...text('timeout', parsed.timeout),
    ...(roles ? { roles: splitRoles(roles) } : {}),
    ...(parsed['specific-tls-naming'] ? { specificTlsNaming: true } : {}),
  };
}

function text<Name extends string>(name: Name, value: unknown): { readonly [key in Name]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { [key in Name]?: string };
}
