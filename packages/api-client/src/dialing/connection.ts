import { type ChannelInterface, Client, connectivityState, Metadata } from '@grpc/grpc-js';
import { errorFromStatus, TELEPORT_API_VERSION, TeleportError } from '@teleport-ts/api-types';
import type { Cancelable } from '../calls/call-target.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import { DialCredentials } from './dial-credentials.ts';
import { dialFailure } from './dial-failure.ts';
import type { Route } from './route.ts';
import { RunningCalls } from './running-calls.ts';
import { AUTH_SERVER_NAME } from './target.ts';
import { DIAL_OPTION, targetOf } from './target-resolver.ts';

/** Pings of a quiet connection; the server ends one that is asked more often than once a minute. */
const KEEPALIVE_INTERVAL_MS = 65_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
/** gRPC’s own 4 MiB is less than what an auth service sends for a page of large roles. */
const MAX_RECEIVE_BYTES = 16 * 1024 * 1024;
/** How long a socket may take to say goodbye. */
const GOODBYE_MS = 1_000;

/** What {@link Connection} takes. */
export interface ConnectionOptions {
  readonly userAgent: string;
  /** Longest time for each part of making it: TCP, or the stream that the route opens; TLS; HTTP/2 settings. */
  readonly connectMs: number;
  /** Pings of a quiet connection, in milliseconds. Default 65 seconds, and 20 for the answer. */
  readonly keepalive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

/**
 * A gRPC channel over one route. It connects when the first call is made, and again when a later call finds it
 * disconnected.
 */
export class Connection {
  readonly route: Route;
  readonly grpc: Client;
  /** What every call carries; never changed. */
  readonly metadata: Metadata;
  readonly calls: RunningCalls = new RunningCalls((hold) => this.#dial.hold(hold));
  readonly #dial: DialCredentials;
  /** Why new calls are refused; they are not while it is undefined. */
  refusal: TeleportError | undefined;
  /** Told whenever the channel comes to be in another state. */
  onState: ((state: connectivityState) => void) | undefined;
  #closing: Promise<void> | undefined;
  #idle: (() => void)[] = [];
  #replaced = false;

  constructor(route: Route, options: ConnectionOptions) {
    this.route = route;
    this.#dial = new DialCredentials(route, options.connectMs);
    this.metadata = new Metadata();
    this.metadata.set('version', TELEPORT_API_VERSION);
    this.grpc = new Client(targetOf(route.address), this.#dial, {
      [DIAL_OPTION]: this.#dial,
      'grpc.default_authority': AUTH_SERVER_NAME,
      'grpc.primary_user_agent': options.userAgent,
      'grpc.keepalive_time_ms': options.keepalive?.intervalMs ?? KEEPALIVE_INTERVAL_MS,
      'grpc.keepalive_timeout_ms': options.keepalive?.timeoutMs ?? KEEPALIVE_TIMEOUT_MS,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_channelz': 0,
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#follow(this.grpc.getChannel());
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** How far the latest connection came. */
  get stage(): DialCredentials['stage'] {
    return this.#dial.stage;
  }

  /** The credential of the latest connection; undefined before the first. */
  get used(): CredentialSet | undefined {
    return this.#dial.used;
  }

  /** Why the latest attempt to connect failed, unless one has worked since. */
  get lastFailure(): TeleportError | undefined {
    return this.#dial.failure?.error;
  }

  /** Takes note of a call that the process need not live on for. */
  inBackground(call: Cancelable): void {
    this.calls.addInBackground(call);
  }

  /** To be called when a call is over; lets a close that waits for it go on. */
  finished(call: Cancelable): void {
    this.calls.delete(call);
    if (this.calls.size > 0 || this.#idle.length === 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  /** Settles when no call runs. */
  idle(): Promise<void> {
    if (this.calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Another connection takes the new calls. Those that run here until it is closed fail with an error that says so. */
  replaced(): void {
    this.#replaced = true;
  }

  /** The error for a call that ended with a status other than OK. */
  error(status: { code: number; details: string }, rpc: string): TeleportError {
    const { code, details } = status;
    if (this.closed && (code === 1 || code === 14)) return this.#replaced ? replacedError(rpc) : closedError(rpc);
    if (code !== 14) return errorFromStatus({ code, message: details, rpc, cause: status });
    const { stage, failure: noted } = this.#dial;
    const { address } = this.route;
    const failure = noted ?? (stage === 'tcp' ? dialFailure('tcp', new Error(details), { address }) : undefined);
    if (!failure) return errorFromStatus({ code, message: details, rpc, cause: status });
    const { error } = failure;
    return new TeleportError(error.code, error.message, {
      rpc,
      cause: error,
      retryable: error.retryable,
      hint: error.hint,
    });
  }

  /** Lets running calls finish for that long, then ends them; settles when no socket is left. Safe to call twice. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    if (this.calls.size > 0 && graceMs > 0) await before(graceMs, this.idle());
    for (const call of this.calls) call.cancel();
    this.grpc.close();
    // Only a session that came up can say goodbye.
    if (this.#dial.stage === 'rpc') await before(GOODBYE_MS, this.#dial.drained());
    const drained = this.#dial.drained();
    this.#dial.destroy();
    await drained;
  }

  #follow(channel: ChannelInterface): void {
    const state = channel.getConnectivityState(false);
    if (state === connectivityState.SHUTDOWN) return;
    if (state === connectivityState.READY) this.#dial.connected();
    this.onState?.(state);
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => this.#follow(channel));
  }
}

/** The answer to a call on a closed client. */
export function closedError(rpc?: string): TeleportError {
  return new TeleportError('canceled', 'the client is closed', { ...(rpc !== undefined && { rpc }) });
}

/** The end of a call on a connection that another one has replaced. */
function replacedError(rpc: string): TeleportError {
  return new TeleportError('connection_problem', 'the connection was replaced by a newer one', {
    rpc,
    retryable: true,
    hint: 'the credential was renewed, or another way was found; start the call again',
  });
}

async function before(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
