import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CallCredentials, ChannelCredentials, type experimental } from '@grpc/grpc-js';
import { TeleportError } from '@teleport-ts/api-types';
import { systemClock } from '../clock.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import type { DialStage } from './dial-attempt.ts';
import { DialError, type DialFailure, dialFailure } from './dial-failure.ts';
import { handshake } from './handshake.ts';
import { type PlaceholderAddress, placeholder } from './placeholder.ts';
import type { Route } from './route.ts';
import { type Scope, scope } from './scope.ts';
import { unexplainedClose } from './unexplained-close.ts';

/**
 * Teleport's TLS for a grpc-js channel: own server name, own ALPN list, and the newest credential for each connection.
 * It remembers the streams it made, so that closing can wait for them, and the last failure, which grpc-js would only
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
  readonly #connectMs: number;
  readonly #streams = new Set<Duplex>();
  readonly #closing = new AbortController();
  /** The limits of TCP connections that are being made. */
  readonly #dialing = new Set<Scope>();
  #settings: NodeJS.Timeout | undefined;
  #holding = false;
  /** Keeps the process alive for the latest connection, or lets it end. */
  #applyHold: ((hold: boolean) => void) | undefined;
  #placeholder: Promise<PlaceholderAddress> | undefined;

  /** @param connectMs longest time for each part of a connection: TCP; a stream that the route opens; TLS; HTTP/2 settings */
  constructor(route: Route, connectMs: number) {
    super();
    this.route = route;
    this.#connectMs = connectMs;
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

  /** A signal for the TCP connection that is about to be made; it ends with {@link destroy}, or when that takes too long. */
  connecting(): AbortSignal {
    this.stage = 'tcp';
    // One that came as far as TLS stays: another address of the same name must not hide it.
    if (this.failure?.stage === 'dns' || this.failure?.stage === 'rpc') this.failure = undefined;
    const limit = scope(systemClock, this.#connectMs, this.#closing.signal);
    this.#dialing.add(limit);
    const onAbort = (): void => {
      if (limit.timedOut) this.failure ??= { stage: 'tcp', error: notOpened(this.route.address, this.#connectMs) };
    };
    limit.signal.addEventListener('abort', onAbort, { once: true });
    return limit.signal;
  }

  /** What grpc-js is to connect to where the route opens its own stream. */
  placeholder(): Promise<PlaceholderAddress> {
    this.#placeholder ??= placeholder.acquire();
    return this.#placeholder;
  }

  /** To be told when the other side's HTTP/2 settings have come. */
  connected(): void {
    clearTimeout(this.#settings);
    this.stage = 'rpc';
    this.failure = undefined;
  }

  /** Notes why the connection failed. */
  fail(stage: DialStage, cause: unknown): DialFailure {
    this.stage = stage;
    this.failure = dialFailure(stage, cause, { address: this.route.address });
    return this.failure;
  }

  /** Whether the process should live on for what runs here. */
  hold(hold: boolean): void {
    this.#holding = hold;
    this.#applyHold?.(hold);
  }

  /** Settles when no stream is left. */
  async drained(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => new Promise((done) => stream.once('close', done))));
  }

  /** Ends whatever is open or being opened. */
  destroy(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#dialed();
    clearTimeout(this.#settings);
    void this.#placeholder?.then(() => placeholder.release()).catch(() => {});
    for (const stream of this.#streams) stream.destroy();
  }

  async #open(raw: Socket): Promise<Socket> {
    const { address, alpn, handshakeMs = this.#connectMs } = this.route;
    this.#dialed();
    this.#keep(raw);
    const limit = scope(systemClock, this.#connectMs, this.#closing.signal);
    let lost: unknown;
    let stream: Duplex = raw;
    this.stage = 'tls';
    try {
      const { set, ca } = await this.route.credential(limit.signal);
      this.used = set;
      if (this.route.open) {
        raw.destroy();
        stream = await this.#openStream(this.route.open, limit);
        stream.on('error', (error) => {
          lost ??= error;
        });
      }
      this.stage = 'tls';
      this.failure = undefined;
      const options = { address, used: set, ca, alpn, timeoutMs: handshakeMs, signal: this.#closing.signal };
      const socket = await handshake(stream, options);
      this.stage = 'h2';
      this.#takeHold(socket);
      this.#settings = setTimeout(() => socket.destroy(noSettings(address, this.#connectMs)), this.#connectMs);
      this.#settings.unref();
      // Under TLS 1.3 a refused client certificate shows only now.
      socket.on('error', (error) => {
        this.failure ??= dialFailure(this.stage, lost ?? error, options);
      });
      socket.once('close', () => {
        stream.destroy();
        if (lost !== undefined) this.failure ??= dialFailure(this.stage, lost, options);
        if (this.stage === 'h2') this.failure ??= { stage: 'h2', error: unexplainedClose(options) };
      });
      return socket;
    } catch (error) {
      raw.destroy();
      stream.destroy();
      const cause = lost !== undefined && !this.#closing.signal.aborted ? lost : error;
      this.failure = dialFailure(cause instanceof DialError ? cause.failure.stage : this.stage, cause, {
        address,
        ...(this.used && { used: this.used }),
      });
      this.stage = this.failure.stage;
      throw error;
    } finally {
      limit.release();
    }
  }

  async #openStream(open: NonNullable<Route['open']>, limit: Scope): Promise<Duplex> {
    this.stage = 'tcp';
    const opening = open(limit.signal, (stage) => {
      this.stage = stage;
    });
    const late = new Promise<never>((_resolve, reject) => {
      const onAbort = (): void => reject(limit.timedOut ? notOpened(this.route.address, this.#connectMs) : aborted());
      if (limit.signal.aborted) onAbort();
      else limit.signal.addEventListener('abort', onAbort, { once: true });
    });
    // What comes after it was given up is let go.
    opening.then(
      (stream) => (limit.signal.aborted ? stream.destroy() : undefined),
      () => {},
    );
    const stream = await Promise.race([opening, late]);
    this.#keep(stream);
    return stream;
  }

  /** grpc-js holds the process for any call; here those in the background do not count, so its word is not taken. */
  #takeHold(socket: Socket): void {
    const { ref, unref } = socket;
    const same = (): Socket => socket;
    socket.ref = same as Socket['ref'];
    socket.unref = same as Socket['unref'];
    const apply = (hold: boolean): void => {
      if (!socket.destroyed) (hold ? ref : unref).call(socket);
    };
    this.#applyHold = apply;
    apply(this.#holding);
    socket.once('close', () => {
      if (this.#applyHold === apply) this.#applyHold = undefined;
    });
  }

  #dialed(): void {
    for (const limit of this.#dialing) limit.release();
    this.#dialing.clear();
  }

  #keep(stream: Duplex): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    // A socket that was replaced has nobody else who listens.
    stream.on('error', () => {});
  }
}

function notOpened(address: string, limitMs: number): TeleportError {
  const message = `the connection to ${address} was not there within ${limitMs} ms`;
  return new TeleportError('timeout', message, { retryable: true });
}

function noSettings(address: string, limitMs: number): TeleportError {
  const message = `${address} finished TLS, but did not begin to speak HTTP/2 within ${limitMs} ms`;
  return new TeleportError('timeout', message, { retryable: true });
}

function aborted(): TeleportError {
  return new TeleportError('canceled', 'the dial was given up');
}
