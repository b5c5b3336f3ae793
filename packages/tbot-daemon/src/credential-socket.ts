import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { TeleportError, toServiceDefinition } from '@teleport-ts/api-types';
import { HealthDefinition } from '@teleport-ts/api-types/proto/grpc/health/v1/health';
import type { Clock, Logger } from '@teleport-ts/tbot-core';
import {
  DynamicCredentialsDefinition,
  type GenerateIdentityRequest,
  type GetStatusResponse,
  type WatchIdentityRequest,
} from '@teleport-ts/tbot-core/proto';
import { admitsPeer, type PeerRule } from './policy/peer-rules.ts';
import { type Rate, TokenBucket } from './policy/token-bucket.ts';
import { CallFailure } from './service/call-failure.ts';
import { CallHandlers } from './service/call-handlers.ts';
import { CredentialService, type CredentialServiceOptions } from './service/credential-service.ts';
import { silenceGrpcLog } from './service/grpc-log.ts';
import { healthService } from './service/health-service.ts';
import { shownStatus } from './service/shown-status.ts';
import { SlowCallers } from './service/slow-callers.ts';
import type { SocketStatus } from './service/socket-counters.ts';
import { type ConnectionLimits, Connections } from './sockets/connections.ts';
import type { Peer } from './sockets/peer.ts';
import type { PeerReader } from './sockets/peer-credentials.ts';
import { RefusedConnections } from './sockets/refused-connections.ts';
import type { SocketAccess } from './sockets/socket-access.ts';
import { SocketListener } from './sockets/socket-listener.ts';

/** Largest request. A real one has less than 4 kB, most of it an RSA key. */
const LARGEST_MESSAGE_BYTES = 64 * 1024;
/** Calls in flight on one connection; the limit of the whole socket is in its configuration. */
const MOST_STREAMS = 2048;
/** A connection without a call is closed after this; a client makes a new one by itself. */
const IDLE_MS = 10 * 60_000;
/** How fast refused connections are recorded; what comes faster is counted. */
const OUTSIDER_RECORDS: Rate = { perSecond: 10, burst: 50 };

export interface CredentialSocketOptions extends Omit<CredentialServiceOptions, 'socketPath'> {
  path: string;
  access: SocketAccess;
  /** A descriptor that listens on the path already. */
  inheritedFd?: number;
  /** Absent: whoever the file system lets in. */
  allow?: readonly PeerRule[];
  connections?: ConnectionLimits;
  /** Absent where the system does not name peers. */
  readPeer?: PeerReader;
  status: () => GetStatusResponse;
  isServing: () => boolean;
  clock: Clock;
  logger: Logger;
}

/** One socket of the Dynamic Credential API: its file, who may come in, and the services behind it. */
export class CredentialSocket implements AsyncDisposable {
  readonly path: string;
  readonly #options: CredentialSocketOptions;
  readonly #server: Server;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #connections: Connections;
  readonly #refused = new RefusedConnections();
  readonly #outsiderRecords: TokenBucket;
  readonly #slowCallers: SlowCallers;
  readonly #stopping = new AbortController();
  #listener: SocketListener | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: CredentialSocketOptions) {
    silenceGrpcLog();
    this.path = options.path;
    this.#options = options;
    this.#connections = new Connections(options.connections);
    this.#outsiderRecords = new TokenBucket(OUTSIDER_RECORDS, options.clock.now());
    this.#slowCallers = new SlowCallers(options.clock, (peer) => this.#connections.peerOf(peer)?.uid ?? -1);
    this.#server = new Server({
      interceptors: [this.#slowCallers.interceptor],
      'grpc.max_receive_message_length': LARGEST_MESSAGE_BYTES,
      'grpc.max_connection_idle_ms': IDLE_MS,
      'grpc.max_concurrent_streams': MOST_STREAMS,
      'grpc.enable_channelz': 0,
    });
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#addServices();
  }

  /** @throws TeleportError when the socket cannot be made as configured */
  static async open(options: CredentialSocketOptions): Promise<CredentialSocket> {
    if (options.allow && !options.readPeer) throw peersUnknown(options.path);
    const socket = new CredentialSocket(options);
    try {
      socket.#listener = await SocketListener.open({
        path: options.path,
        access: options.access,
        ...(options.inheritedFd !== undefined && { inheritedFd: options.inheritedFd }),
        onConnection: (connection) => socket.#connect(connection),
        onTrouble: (error) => socket.#trouble(error),
        clock: options.clock,
        logger: options.logger,
      });
    } catch (error) {
      socket.#server.forceShutdown();
      throw error;
    }
    return socket;
  }

  /** Whether callers find it: its file is there, and is ours. */
  async isReachable(): Promise<boolean> {
    return (await this.#listener?.isReachable()) ?? false;
  }

  #addServices(): void {
    const { status, isServing, limiter, clock } = this.#options;
    const service = new CredentialService({ ...this.#options, socketPath: this.path });
    const peerOf = (name: string): Peer | undefined => this.#connections.peerOf(name);
    const stopping = this.#stopping.signal;
    // Every open stream listens.
    setMaxListeners(0, stopping);
    const handlers = new CallHandlers({ peerOf, botExpires: () => this.#botExpires(), stopping, clock });
    this.#server.addService(toServiceDefinition(DynamicCredentialsDefinition) as unknown as ServiceDefinition, {
      generateIdentity: handlers.unary((request: GenerateIdentityRequest, context) =>
        service.generateIdentity(request, context),
      ),
      watchIdentity: handlers.stream((request: WatchIdentityRequest, context) =>
        service.watchIdentity(request, context),
      ),
      listenForRotation: handlers.stream((_request, context) => service.listenForRotation(context)),
      describe: handlers.unary((_request, context) => service.describe(context)),
      getStatus: handlers.unary(async (_request, { peer }) => shownStatus(status(), this.path, peer)),
    });
    const services = [DynamicCredentialsDefinition.fullName];
    const open = (peer: string) => limiter.open(peerOf(peer)?.uid ?? -1);
    this.#server.addService(
      toServiceDefinition(HealthDefinition) as unknown as ServiceDefinition,
      healthService({ services, isServing, open, stopping, clock }),
    );
  }

  #connect(connection: Socket): void {
    const { allow, readPeer } = this.#options;
    if (this.#closed) {
      connection.destroy();
      return;
    }
    const peer = readPeer?.(connection);
    if (!admitsPeer(allow, peer)) {
      this.#recordOutsider(peer);
      this.#refused.answer(connection, new TeleportError('access_denied', 'you may not use this socket'));
      return;
    }
    if (!this.#connections.admit(connection, peer)) {
      const options = { retryable: true, retryAfterMs: 1000 };
      this.#refused.answer(
        connection,
        new CallFailure('limit_exceeded', 'too many connections to this socket', options),
      );
      return;
    }
    this.#injector.injectConnection(connection);
  }

  #recordOutsider(peer: Peer | undefined): void {
    const { audit, clock, counters, logger } = this.#options;
    counters.count({ outcome: 'refused', code: 'access_denied', latencyMs: 0 });
    const nowMs = clock.now();
    if (this.#outsiderRecords.waitMs(nowMs) > 0) return;
    this.#outsiderRecords.take();
    audit
      .record({
        time: new Date(nowMs).toISOString(),
        event: 'connection',
        socket: this.path,
        ...(peer && { peer: { uid: peer.uid, gid: peer.gid, pid: peer.pid } }),
        outcome: 'refused',
        code: 'access_denied',
        reason: 'not in `allow`',
        latency_ms: 0,
      })
      .catch((error: unknown) =>
        logger.error({ err: error, socket: this.path }, 'a refused connection was not recorded'),
      );
  }

  #trouble(error: Error): void {
    const { counters, clock, logger } = this.#options;
    counters.fail(error.message, new Date(clock.now()));
    logger.error({ err: error, socket: this.path }, 'the socket has trouble and goes on');
  }

  #botExpires(): Date | undefined {
    try {
      return this.#options.bot().status().expires;
    } catch {
      return undefined;
    }
  }

  /** What the socket has done, and what is open on it. */
  status(): SocketStatus {
    const { counters, limiter, policy } = this.#options;
    const { kinds } = policy;
    return { ...counters.status(), kinds, connections: this.#connections.size, streams: limiter.streams };
  }

  /**
   * Takes no more connections, ends streams, lets running calls finish for `graceMs`, then ends them. Safe to call twice.
   */
  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options.graceMs ?? 5000);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    await this.#listener?.close();
    const options = { retryable: true, retryAfterMs: 1000 };
    this.#stopping.abort(new CallFailure('connection_problem', 'the agent is stopping', options));
    let cut = (): void => {};
    const drained = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    const late = new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimer(graceMs, resolve, { keepAlive: true });
      cut = () => timer.cancel();
    });
    await Promise.race([drained, late]);
    cut();
    this.#slowCallers.close();
    this.#server.forceShutdown();
    this.#connections.destroyAll();
    this.#refused.destroyAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The refusal of a socket that could not keep its own rules. */
export function peersUnknown(path: string): TeleportError {
  return new TeleportError(
    'bad_parameter',
    `the socket ${path} has \`allow\`, but this system does not tell who connects`,
    {
      hint: 'it takes Linux and the optional package koffi; without them leave `allow` out and use mode, group and readers',
    },
  );
}
