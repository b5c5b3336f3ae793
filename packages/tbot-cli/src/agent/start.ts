import type { LogFormat } from '@teleport-ts/tbot-daemon';
import { type ConfigSource, readConfig, tokenSecrets } from './config-source.ts';
import { collectWhenIdle } from './idle-collection.ts';

export interface StartOptions extends ConfigSource {
  readonly logFormat: LogFormat;
}

/** Signal numbers, for the exit code that a shell shows for a process that was killed. */
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** See sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3). */
const SYSTEMD_VARIABLES = [
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
];

/**
 * Runs an agent until a signal stops it. The first SIGINT or SIGTERM ends it in order, which is a success; a second one
 * ends it at once. SIGHUP renews the bot's identity now.
 */
export async function startAgent(options: StartOptions): Promise<void> {
  const { config } = await readConfig(options, process.env);
  // A wrong configuration is told without the wait for this.
  const { createLogger, inheritedSockets, runDaemon, ServiceManager } = await import('@teleport-ts/tbot-daemon');
  const logger = createLogger({
    format: options.logFormat,
    debug: config.debug,
    secrets: await tokenSecrets(config),
  });
  const inherited = await inheritedSockets(process.env);
  const { LISTEN_FDS: handed, LISTEN_PID: owner } = process.env;
  if (handed && owner !== String(process.pid)) {
    logger.warn(
      { process: owner, hint: 'in the unit, write ExecStart= with the command itself' },
      'systemd hands its sockets to another process',
    );
  }
  // What systemd has said is said: a program that is started from here is not meant.
  using manager = new ServiceManager(process.env, { logger });
  for (const name of SYSTEMD_VARIABLES) delete process.env[name];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + NUMBERS[signal]);
      logger.info({ signal }, 'asked to stop');
      manager.stopping();
      stop.abort(new DOMException(`stopped by ${signal}`, 'AbortError'));
    });
  }
  using _collection = collectWhenIdle();
  await runDaemon({
    config,
    logger,
    inherited,
    packageName: '@teleport-ts/tbot-cli',
    signal: stop.signal,
    onStarted: (daemon) => {
      manager.ready(`serving ${config.sockets.map(({ path }) => path).join(', ') || 'no sockets'}`);
      process.on('SIGHUP', () => {
        logger.info({}, 'renewing, as asked by SIGHUP');
        daemon.renew().catch((error: unknown) => logger.warn({ err: error }, 'the renewal failed'));
      });
    },
  });
}
