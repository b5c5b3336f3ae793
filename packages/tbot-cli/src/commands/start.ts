import type { Argv, CommandModule } from 'yargs';

/** `tbot start`: runs an agent. */
export const startCommand: CommandModule = {
  command: 'start',
  describe: 'Run an agent: join, renew, serve the sockets of the configuration',
  builder: (yargs: Argv): Argv =>
    yargs
      .option('config', {
        alias: 'c',
        type: 'string',
        requiresArg: true,
        describe: 'Configuration file [env: TBOT_CONFIG_PATH, or a file in base64 in TBOT_CONFIG]',
      })
      .option('token', {
        type: 'string',
        requiresArg: true,
        describe: 'Join token, or the absolute path of a file that holds it [env: TELEPORT_BOT_TOKEN]',
      })
      .option('join-method', { type: 'string', requiresArg: true, describe: 'How to join: token' })
      .option('ca-pin', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: "Pin of the cluster's host CA, sha256:…; may be repeated",
      })
      .option('auth-server', {
        alias: 'a',
        type: 'string',
        requiresArg: true,
        describe: 'host:port of an auth service or a proxy [env: TELEPORT_AUTH_SERVER]',
      })
      .option('proxy-server', {
        type: 'string',
        requiresArg: true,
        describe: 'host:port of a proxy [env: TELEPORT_PROXY]',
      })
      .option('certificate-ttl', {
        alias: 'credential-ttl',
        type: 'string',
        requiresArg: true,
        describe: 'Lifetime of certificates [default: 1h]',
      })
      .option('renewal-interval', {
        type: 'string',
        requiresArg: true,
        describe: "Time between renewals of the bot's own certificates [default: 20m]",
      })
      .option('storage', {
        type: 'string',
        requiresArg: true,
        describe: "Place of the bot's own identity: file:///path or memory://",
      })
      .option('diag-addr', {
        type: 'string',
        requiresArg: true,
        describe: 'Serve /metrics, /livez and /readyz there: 127.0.0.1:3001 or unix:///path',
      })
      .option('insecure', { type: 'boolean', describe: 'Trust whatever cluster answers first' })
      .option('log-format', {
        choices: ['text', 'json'] as const,
        default: 'text',
        describe: 'How log lines on standard error look',
      })
      .option('debug', { alias: 'd', type: 'boolean', describe: 'More detail in the log [env: TBOT_DEBUG]' })
      .example('$0 start -c /etc/tbot.yaml', 'With everything in the file')
      .example('$0 start -c tbot.yaml --token /run/secrets/token --ca-pin sha256:…', 'Joining by flags'),
  handler: async (parsed) => {
    const { startAgent } = await import('../agent/start.ts');
    const text = (name: string): string | undefined => parsed[name] as string | undefined;
    const debug =
      (parsed.debug as boolean | undefined) ?? (/^(1|true|yes)$/i.test(process.env.TBOT_DEBUG ?? '') || undefined);
    await startAgent({
      ...(parsed.config === undefined ? {} : { path: parsed.config as string }),
      logFormat: parsed['log-format'] as 'text' | 'json',
      flags: {
        token: text('token'),
        joinMethod: text('join-method'),
        caPins: parsed['ca-pin'] as string[] | undefined,
        authServer: text('auth-server'),
        proxyServer: text('proxy-server'),
        certificateTtl: text('certificate-ttl'),
        renewalInterval: text('renewal-interval'),
        storage: text('storage'),
        diagAddr: text('diag-addr'),
        insecure: parsed.insecure as boolean | undefined,
        debug,
      },
    });
  },
};
