import type { Socket } from 'node:net';
import { CallCredentials, ChannelCredentials, type experimental } from '@grpc/grpc-js';
import { isTeleportError } from '@teleport-ts/api-types';
import type { CredentialSet } from '../credentials/credential-set.ts';
import type { DialStage } from './dial-attempt.ts';
import { type DialFailure, dialFailure } from './dial-failure.ts';
import { HandshakeError, handshake } from './handshake.ts';
import type { Route } from './route.ts';
import { unexplainedClose } from './unexplained-close.ts';

/**
 * Teleport's TLS for a grpc-js channel: own server name, own ALPN list, and the newest credential for each connection.
 * It remembers the sockets it made, so that closing can wait for them, and the last failure, which grpc-js would only
 * tell as text.
 */
export class DialCredentials extends ChannelCredentials {
  /** How far the latest connection came. */
  stage: DialStage = 'dns';
  /** Why the latest connection failed; undefined while one is up. */
  failure: DialFailure | undefined;
  /** The credential of the latest connection. */
  used: CredentialSet | undefined;
  readonly route: Route;
  readonly #handshakeMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();

  constructor(route: Route, handshakeMs: number) {
    super();
    this.route = route;
    this.#handshakeMs = handshakeMs;
  }

  _isSecure(): boolean {
    return true;
  }

  // By identity: two channels never share a connection by accident.
  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(
    _target: experimental.GrpcUri,
    _options: object,
    callCredentials?: CallCredentials,
  ): experimental.SecureConnector {
    const credentials = callCredentials ?? CallCredentials.createEmpty();
    return {
      // A closed channel may still try once more when its backoff ends; it gets no socket.
      waitForReady: async () => this.#closing.signal.throwIfAborted(),
      getCallCredentials: () => credentials,
      destroy: () => {},
      connect: async (raw) => ({ socket: await this.#open(raw), secure: true }),
    };
  }

  /** A signal for the TCP connection that is about to be made; it ends with {@link destroy}. */
  connecting(): AbortSignal {
    this.stage = 'tcp';
    // One that came as far as TLS stays: another address of the same name must not hide it.
    if (this.failure?.stage === 'dns' || this.failure?.stage === 'rpc') this.failure = undefined;
    return AbortSignal.any([this.#closing.signal]);
  }

  /** Notes why the connection failed. */
  fail(stage: DialStage, cause: unknown): DialFailure {
    this.stage = stage;
    this.failure = dialFailure(stage, cause, { address: this.route.address });
    return this.failure;
  }

  /** Settles when no socket is left. */
  async drained(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((done) => socket.once('close', done))));
  }

  /** Ends whatever is open or being opened. */
  destroy(): void {
    this.#closing.abort();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(raw: Socket): Promise<Socket> {
    const { address, alpn } = this.route;
    const signal = this.#closing.signal;
    this.#sockets.add(raw);
    raw.once('close', () => this.#sockets.delete(raw));
    this.stage = 'tls';
    this.failure = undefined;
    try {
      const { set, ca } = await this.route.credential(signal);
      this.used = set;
      const options = { address, used: set, ca, alpn, timeoutMs: this.#handshakeMs, signal };
      const socket = await handshake(raw, options);
      this.stage = 'h2';
      // Under TLS 1.3 a refused client certificate shows only now.
      socket.on('error', (error) => {
        this.failure ??= dialFailure(this.stage, error, options);
      });
      socket.once('close', () => {
        if (this.stage === 'h2') this.failure ??= { stage: 'h2', error: unexplainedClose(options) };
      });
      return socket;
    } catch (error) {
      raw.destroy();
      if (error instanceof HandshakeError) {
        this.failure = error.failure;
        this.stage = error.failure.stage;
      } else if (isTeleportError(error)) this.failure = { stage: 'tls', error };
      else this.fail('tls', error);
      throw error;
    }
  }
}
