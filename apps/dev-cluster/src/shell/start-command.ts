import type { CommandModule } from 'yargs';
import type { DevCluster } from '../dev-cluster.ts';
import type { Logger } from '../logger.ts';
import { type Announcement, announcement } from './announcement.ts';
import { ControlSocket } from './control-socket.ts';
import { UsageError } from './exit.ts';
import type { OperationName } from './operations.ts';
import type { Format } from './output.ts';

interface StartArguments {
  'data-dir'?: string | undefined;
  listen?: string | undefined;
  name?: string | undefined;
  'auth-port'?: number | undefined;
  'proxy-port'?: number | undefined;
  'signature-suite'?: string | undefined;
  bot: string[];
  app: string[];
  json: boolean;
  format: Format;
  verbose: boolean;
}

export const startCommand: CommandModule<object, StartArguments> = {
  command: 'start',
  describe: 'Start a cluster and keep it running until it is interrupted',
  builder: (args) =>
    args
      .option('data-dir', { type: 'string', describe: 'Where the cluster keeps its state across restarts' })
      .option('listen', { type: 'string', describe: 'Address to listen on (default 127.0.0.1)' })
      .option('name', { type: 'string', describe: 'Name of the cluster (default dev.cluster)' })
      .option('auth-port', { type: 'number', describe: 'Port of the auth service (default: as last time, else free)' })
      .option('proxy-port', { type: 'number', describe: 'Port of the proxy (default: as last time, else free)' })
      .option('signature-suite', {
        type: 'string',
        choices: ['legacy', 'balanced-v1', 'fips-v1', 'hsm-v1'],
        describe: 'Which algorithms keys use (default balanced-v1)',
      })
      .option('bot', {
        type: 'string',
        array: true,
        default: [],
        describe: 'A bot and the roles that it may impersonate, name:role1,role2; roles that are not there are made',
      })
      .option('app', {
        type: 'string',
        array: true,
        default: [],
        describe: 'An application, name or name=http://127.0.0.1:port; without an address the demo application',
      })
      .option('format', {
        choices: ['text', 'json'] as const,
        default: 'text' as const,
        requiresArg: true,
        describe: 'What is printed when the cluster is ready: for people, or one line of JSON for programs',
      })
      .option('json', { type: 'boolean', default: false, describe: 'The same as --format json' })
      .option('verbose', { type: 'boolean', default: false, describe: 'Log what is refused, and why, to stderr' })
      .example('$0 start --data-dir ./cluster --bot ci:deployer --app foo', 'A bot, its role, and the demo application')
      .example('$0 start --app grafana=http://127.0.0.1:3000', 'An application of your own, in a cluster of a moment'),
  handler: runStart,
};

async function runStart(args: StartArguments): Promise<void> {
  const inhabitants = inhabitantsOf(args);
  const { DevCluster } = await import('../dev-cluster.ts');
  const cluster = await DevCluster.start({
    ...(args['data-dir'] !== undefined && { dataDir: args['data-dir'] }),
    ...(args.listen !== undefined && { host: args.listen }),
    ...(args.name !== undefined && { name: args.name }),
    ...(args['auth-port'] !== undefined && { authPort: args['auth-port'] }),
    ...(args['proxy-port'] !== undefined && { proxyPort: args['proxy-port'] }),
    ...(args['signature-suite'] !== undefined && { signatureSuite: args['signature-suite'] as 'balanced-v1' }),
    ...(args.verbose && { logger: stderrLogger }),
  });
  let control: ControlSocket | undefined;
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  try {
    const tokens = await populate(cluster, inhabitants);
    control = await openControl(cluster, args['data-dir']);
    process.stdout.write(announcement(cluster, tokens, args.json || args.format === 'json'));
    await interrupted;
  } finally {
    await control?.[Symbol.asyncDispose]();
    await cluster.stop();
  }
}

/** Where other commands reach this one; a cluster without is still a cluster. */
async function openControl(cluster: DevCluster, dataDir: string | undefined): Promise<ControlSocket | undefined> {
  if (dataDir === undefined) return undefined;
  const { perform } = await import('./operations.ts');
  try {
    return await ControlSocket.open(dataDir, (operation, fields) =>
      perform(cluster, { running: true }, operation as OperationName, fields as never),
    );
  } catch (error) {
    process.stderr.write(`warning: no socket for other commands: ${(error as Error).message}\n`);
    return undefined;
  }
}

interface Inhabitants {
  readonly bots: readonly { readonly name: string; readonly roles: readonly string[] }[];
  readonly apps: readonly { readonly name: string; readonly uri?: string }[];
}

/** What the arguments name. @throws UsageError, before there is a cluster that would have to end again */
function inhabitantsOf({ bot, app }: StartArguments): Inhabitants {
  const bots = bot.map((text) => {
    const [name, list = ''] = splitOnce(text, ':');
    if (name === '') throw new UsageError(`--bot ${JSON.stringify(text)}: expected name:role1,role2`);
    return { name, roles: list.split(',').filter((role) => role !== '') };
  });
  const apps = app.map((text) => {
    const [name, uri] = splitOnce(text, '=');
    if (name === '') throw new UsageError(`--app ${JSON.stringify(text)}: expected name or name=uri`);
    return { name, ...(uri !== undefined && { uri }) };
  });
  return { bots, apps };
}

/** Makes what the arguments name; a bot gets a token each time, since a used one is gone. */
async function populate(cluster: DevCluster, { bots, apps }: Inhabitants): Promise<Announcement['tokens']> {
  const tokens: Record<string, string> = {};
  for (const { name, roles } of bots) {
    for (const role of roles) {
      if (!cluster.hasRole(role)) cluster.upsertRole({ name: role, allow: { appLabels: { '*': '*' } } });
    }
    await cluster.upsertBot({ name, roles });
    tokens[name] = await cluster.createToken({ botName: name });
  }
  for (const app of apps) await cluster.addApplication(app);
  return tokens;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

const log =
  (level: string) =>
  (fields: object, message: string): void => {
    process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
  };

const stderrLogger: Logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') };
