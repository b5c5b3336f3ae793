import { TeleportError, toTimestamp } from '@teleport-ts/api-types';
import {
  Bot,
  type BotOptions,
  type Clock,
  type Destination,
  type DiagAddress,
  type Logger,
  type RunningBot,
  silentLogger,
  systemClock,
  type TbotConfig,
} from '@teleport-ts/tbot-core';
import { GetStatusResponse } from '@teleport-ts/tbot-core/proto';
import { AGENT_VERSION } from './agent-version.ts';
import { AuditFiles } from './audit/audit-files.ts';
import { BotSupervisor } from './bot-supervisor.ts';
import { CredentialSocket } from './credential-socket.ts';
import { Diagnostics } from './diagnostics/diagnostics.ts';
import { RequestLimiter } from './policy/request-limits.ts';
import { SocketCounters } from './service/socket-counters.ts';
import { botServiceMessages, botStatusMessage, socketStatusMessage } from './service/status-messages.ts';
import { type SocketSetup, setUpSocket } from './socket-setup.ts';
import { loadPeerReader, type PeerReader } from './sockets/peer-credentials.ts';
import { openStore } from './store/open-store.ts';
import type { InheritedSocket } from './systemd/inherited-sockets.ts';
import { matchInherited } from './systemd/match-inherited.ts';

/** How long running calls may take to finish when the agent stops, unless told otherwise. */
const GRACE_MS = 5000;

/** What {@link Daemon.start} and {@link runDaemon} take. */
export interface DaemonOptions {
  /** As `loadConfig` of tbot-core gives it. */
  config: TbotConfig;
  /** Default: silence. */
  logger?: Logger;
  clock?: Clock;
  /** A number in [0, 1) for jitter. Default `Math.random`. */
  random?: () => number;
  /** CA certificates (PEM) that the proxy's web certificate may chain to, besides Node's own list. */
  webCa?: readonly string[];
  /** The package that hints tell the user to install in another version. Default `@teleport-ts/tbot-daemon`. */
  packageName?: string;
  /** Stops the start, or the running agent in {@link runDaemon}. */
  signal?: AbortSignal;
  /** Sockets that systemd made for this process, see `inheritedSockets`. Default: the agent makes its own. */
  inherited?: readonly InheritedSocket[];
  /** How peers are read. Default: the system's way, where there is one; null behaves as where there is none. */
  readPeer?: PeerReader | null;
  /** Starts the bot. Default: `Bot.start` of tbot-core. */
  startBot?: (options: BotOptions) => Promise<RunningBot>;
  /** Told by {@link runDaemon} once the sockets listen. */
  onStarted?: (daemon: Daemon) => void;
}

/**
 * A running agent: one bot that keeps its identity fresh, and the sockets of the configuration.
 *
 * @example
 * await using daemon = await Daemon.start({ config: await loadConfig('/etc/tbot.yaml'), logger });
 * const error = await daemon.closed;
 */
export class Daemon implements AsyncDisposable {
  readonly #options: Required<Pick<DaemonOptions, 'config' | 'logger' | 'clock' | 'random'>> & DaemonOptions;
  readonly #started: Date;
  readonly #sockets: CredentialSocket[] = [];
  readonly #audits: AuditFiles;
  #setups: SocketSetup[] = [];
  #store: Destination | undefined;
  #supervisor: BotSupervisor | undefined;
  #diagnostics: Diagnostics | undefined;
  #closing: Promise<void> | undefined;
  /** While it starts. */
  #starting: Promise<void> | undefined;
  #end: (error: TeleportError | undefined) => void = () => {};

  /** Settles when the agent is over: with what ended it, or undefined after `close`. Never rejects. */
  readonly closed: Promise<TeleportError | undefined> = new Promise((resolve) => {
    this.#end = resolve;
  });

  private constructor(options: DaemonOptions) {
    this.#options = {
      ...options,
      logger: options.logger ?? silentLogger,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
    };
    this.#audits = new AuditFiles(this.#options.logger);
    this.#started = new Date(this.#options.clock.now());
  }

  /**
   * Starts an agent. What can be known to fail without the cluster (paths, accounts, a store that cannot be written) is
   * looked at before a join token is spent. An agent with a stored identity starts although the cluster is away, and
   * waits for it.
   *
   * @throws TeleportError, see `code`: `bad_parameter` and `already_exists` for the machine's side, `access_denied`,
   * `expired`, `locked`, `connection_problem` for the cluster's
   */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(options);
    const abort = (): void => void daemon.close();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      options.signal?.throwIfAborted();
      daemon.#starting = daemon.#start().finally(() => {
        daemon.#starting = undefined;
      });
      await daemon.#starting;
      options.signal?.throwIfAborted();
    } catch (error) {
      await daemon.close({ graceMs: 0 });
      throw options.signal?.aborted ? options.signal.reason : error;
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
    return daemon;
  }

  async #start(): Promise<void> {
    const { config, logger, clock, random, readPeer } = this.#options;
    for (const warning of config.warnings) logger.warn({}, warning);
    if (config.sockets.length === 0)
      logger.warn({}, 'no sockets are configured: nobody can ask this agent for credentials');
    const peers = readPeer === null ? undefined : (readPeer ?? loadPeerReader());
    const inherited = await matchInherited(config.sockets, this.#options.inherited ?? []);
    for (const socket of config.sockets) {
      const fd = inherited.get(socket.path);
      this.#setups.push(await setUpSocket(socket, config, peers, this.#audits, logger, fd));
    }

    if (config.diagAddress) this.#diagnostics = await this.#openDiagnostics(config.diagAddress);
    const store = await openStore(config.store, clock);
    this.#store = store;
    if (!store.persistent) {
      logger.warn({}, 'the store is in memory: after a restart the bot must join again, which needs a new token');
    }
    // From here on a stop is the supervisor's to notice; before it, nothing has been asked of the cluster.
    if (this.#closing) throw new TeleportError('canceled', 'the agent was stopped while it started');
    const supervisor = new BotSupervisor({
      start: (signal) => this.#startBot(store, signal),
      store,
      clock,
      random,
      logger,
    });
    this.#supervisor = supervisor;
    void supervisor.closed.then((error) => this.#botEnded(error));
    const phase = await supervisor.start();
    this.#diagnostics?.botStarted();
    for (const setup of this.#setups) await this.#open(setup, supervisor, peers);
    logger.info(
      { sockets: config.sockets.map(({ path }) => path), bot: supervisor.status()?.botName },
      phase === 'running' ? 'ready' : 'started, without the cluster',
    );
  }

  #startBot(store: Destination, signal: AbortSignal): Promise<RunningBot> {
    const { config, logger, clock, random, webCa, startBot, packageName } = this.#options;
    const { authServer, proxyServer, onboarding, insecure, credentialTtlMs, renewalIntervalMs } = config;
    return (startBot ?? Bot.start)({
      ...(authServer === undefined ? {} : { authServer }),
      ...(proxyServer === undefined ? {} : { proxyServer }),
      onboarding,
      store,
      insecure,
      credentialTtlMs,
      renewalIntervalMs,
      clock,
      random,
      logger,
      packageName: packageName ?? '@teleport-ts/tbot-daemon',
      signal,
      ...(webCa && { webCa }),
    });
  }

  async #open(setup: SocketSetup, supervisor: BotSupervisor, readPeer: PeerReader | undefined): Promise<void> {
    const { clock, logger } = this.#options;
    const { path, policy, audit } = setup;
    const counters = new SocketCounters(path, policy.roles, this.#diagnostics?.observer(path));
    const socket = await CredentialSocket.open({
      path: setup.path,
      access: setup.access,
      ...(setup.inheritedFd !== undefined && { inheritedFd: setup.inheritedFd }),
      ...(setup.allow && { allow: setup.allow }),
      ...(readPeer && { readPeer }),
      policy: setup.policy,
      limiter: new RequestLimiter(setup.limits, () => clock.now()),
      audit: setup.audit,
      bot: () => supervisor.bot(),
      isServing: () => supervisor.isServing,
      status: () => this.status(),
      counters,
      clock,
      logger,
      agentVersion: AGENT_VERSION,
    });
    this.#sockets.push(socket);
    const isReachable = (): Promise<boolean> => socket.isReachable();
    this.#diagnostics?.socketOpened({ path, roles: policy.roles, audit, isReachable });
    logger.info({ socket: setup.path, roles: setup.policy.roles }, 'listening');
  }

  #openDiagnostics(address: DiagAddress): Promise<Diagnostics> {
    const { config, clock, logger } = this.#options;
    return Diagnostics.open({
      address,
      version: AGENT_VERSION,
      sockets: config.sockets.map(({ path }) => path),
      status: () => this.status(),
      audits: this.#audits,
      bot: () => this.#bot(),
      clock,
      logger,
    });
  }

  /** @throws TeleportError while there is no bot that can issue */
  #bot(): RunningBot {
    if (!this.#supervisor) throw new TeleportError('connection_problem', 'the agent is not started');
    return this.#supervisor.bot();
  }

  #botEnded(error: TeleportError | undefined): void {
    if (error) this.#options.logger.error({ err: error }, 'the bot has ended');
    void this.close().then(() => this.#end(error));
  }

  /** Where `/metrics`, `/livez` and `/readyz` are served: an `http://` or `unix://` address; undefined: nowhere. */
  get diagnosticsUrl(): string | undefined {
    return this.#diagnostics?.url;
  }

  /** How the agent is, as its sockets tell it. */
  status(): GetStatusResponse {
    const bot = this.#supervisor?.status();
    return GetStatusResponse.fromPartial({
      agentVersion: AGENT_VERSION,
      started: toTimestamp(this.#started),
      ...(bot && { bot: botStatusMessage(bot) }),
      sockets: this.#sockets.map((socket) => socketStatusMessage(socket.status())),
      services: botServiceMessages(bot),
    });
  }

  /**
   * Renews the bot's own identity now.
   *
   * @throws TeleportError when that fails, `connection_problem` while the bot is still waiting for its cluster
   */
  async renew(): Promise<void> {
    await this.#bot().renew();
  }

  /**
   * Stops: no new connections, running calls finish within `graceMs` (default 5 s), the socket files go away, the bot
   * closes. Safe to call twice.
   */
  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? GRACE_MS);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#diagnostics?.stopping();
    if (this.#starting) {
      // What is opened until it has noticed is to be closed as well.
      await this.#supervisor?.close(0);
      await this.#starting.catch(() => {});
    }
    await Promise.all(this.#sockets.map((socket) => socket.close({ graceMs })));
    await this.#supervisor?.close(graceMs);
    await this.#audits[Symbol.asyncDispose]();
    await this.#store?.close();
    await this.#diagnostics?.close();
    if (!this.#supervisor) this.#end(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Runs an agent until the signal stops it, which is a success.
 *
 * @throws TeleportError with what kept it from starting or ended it: `locked`, `expired`, `connection_problem`, …
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const logger = options.logger ?? silentLogger;
  let daemon: Daemon;
  try {
    daemon = await Daemon.start(options);
  } catch (error) {
    if (options.signal?.aborted) return;
    throw error;
  }
  options.onStarted?.(daemon);
  const stop = (): void => {
    logger.info({}, 'stopping');
    void daemon.close();
  };
  if (options.signal?.aborted) stop();
  else options.signal?.addEventListener('abort', stop, { once: true });
  const error = await daemon.closed;
  options.signal?.removeEventListener('abort', stop);
  logger.info({}, 'stopped');
  if (error) throw error;
}
