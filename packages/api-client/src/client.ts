import type { GenericDefinition, RequestInput, ResponseOf } from '@teleport-ts/api-types';
import { type CallPolicy, callEnvironment } from './calls/call-environment.ts';
import type { CallOptions } from './calls/call-options.ts';
import type { Caller } from './calls/caller.ts';
import { PingDefinition, type ServerInfo, serverInfo } from './calls/ping.ts';
import { ServiceCalls, type ServiceClient, type UnaryName } from './calls/service-client.ts';
import type { Clock } from './clock.ts';
import type { CredentialRenewal } from './connection/credential-renewal.ts';
import type { LiveConnection } from './connection/live-connection.ts';
import type { CallingMethod } from './dialing/route.ts';
import type { LeafClients, LeafOptions } from './leaf-clients.ts';
import type { ClientStatus } from './status/client-status.ts';
import type { StatusHub } from './status/status-hub.ts';

/** How long running calls may go on when a client is closed. */
const GRACE_MS = 5_000;

/** How a client reaches its cluster. */
export interface ConnectionInfo {
  /** `host:port` */
  readonly address: string;
  /** Straight to the auth service, or one of the ways through a proxy. */
  readonly method: CallingMethod;
  /** The HTTP proxy of the environment that the connection goes through, without its password. */
  readonly httpProxy?: string;
}

/**
 * A connection to the auth service of a cluster. A broken connection is made again by the next call.
 *
 * All calls reject with a `TeleportError`, and with the signal's own reason when the caller aborted them.
 */
export interface Client extends Caller, AsyncDisposable {
  /** The server as it was when the client connected. */
  readonly server: ServerInfo;
  /** How the client reaches the cluster now; another way may take its place when it fails. */
  readonly connection: ConnectionInfo;
  /** Asks the server what it is. */
  ping(options?: CallOptions): Promise<ServerInfo>;
  /**
   * How the client is doing: what holds now, and then each change, until the client is closed or the signal is aborted. A
   * reader that is slow misses what was overtaken. Never throws.
   *
   * ```ts
   * for await (const status of client.status()) logger.info({ status }, 'Teleport');
   * ```
   */
  status(options?: { signal?: AbortSignal }): AsyncIterable<ClientStatus>;
  /**
   * Looks now whether there is a newer credential, without waiting until that is noticed. `changed` means that there was
   * one and new calls use it.
   *
   * @throws TeleportError when there is a new one that cannot be used, or no connection could be made with it; the old one
   * stays in use
   */
  reloadCredentials(): Promise<'changed' | 'same'>;
  /**
   * A client of a leaf cluster, or of this one by its name. It goes through the proxy of the root, by whichever way works,
   * with the same credential; whom to trust at the leaf is asked from the root. Certificates still come from the root
   * alone. Closing this client closes it too.
   *
   * ```ts
   * await using leaf = await client.forCluster('leaf.example.com');
   * ```
   *
   * @param name of the cluster, as `tctl get remote_cluster` lists it
   * @param options `signal` gives up; `timeoutMs`: longest time for connecting, default as for this client
   * @throws TeleportError `not_found` when there is no such cluster; `access_denied` when none of the user's roles is
   * mapped there, as with a bot's own identity; ConnectError when it cannot be reached
   */
  forCluster(name: string, options?: LeafOptions): Promise<Client>;
  /**
   * Lets running calls finish, ends those that take longer, and frees all sockets and timers, those of its clients of leaf
   * clusters too. Later calls reject with `canceled`. Safe to call twice.
   *
   * @param options `graceMs`: how long running calls may go on; default 5 seconds
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

interface ClientParts {
  readonly live: LiveConnection;
  readonly renewal: CredentialRenewal;
  readonly server: ServerInfo;
  readonly policy: CallPolicy;
  readonly clock: Clock;
  readonly status: StatusHub;
  readonly leaves: LeafClients;
  /** Ends what ends with the client. */
  readonly onClosing: (client: Client, graceMs: number) => Promise<void>;
}

/** The client over a connection that is replaced when need be. */
export class ConnectedClient implements Client {
  readonly server: ServerInfo;
  readonly #live: LiveConnection;
  readonly #renewal: CredentialRenewal;
  readonly #calls: ServiceCalls;
  readonly #status: StatusHub;
  readonly #leaves: LeafClients;
  readonly #onClosing: ClientParts['onClosing'];
  #closing: Promise<void> | undefined;

  constructor({ live, renewal, server, policy, clock, status, leaves, onClosing }: ClientParts) {
    this.server = server;
    this.#live = live;
    this.#renewal = renewal;
    this.#calls = new ServiceCalls(callEnvironment(policy, { targets: this.#live, clock, status }));
    this.#status = status;
    this.#leaves = leaves;
    this.#onClosing = onClosing;
  }

  get connection(): ConnectionInfo {
    const { address, method, httpProxy } = this.#live.current.route;
    return { address, method, ...(httpProxy !== undefined && { httpProxy }) };
  }

  reloadCredentials(): Promise<'changed' | 'same'> {
    return this.#renewal.reload();
  }

  forCluster(name: string, options?: LeafOptions): Promise<Client> {
    return this.#leaves.open(this, name, options);
  }

  async ping(options?: CallOptions): Promise<ServerInfo> {
    return serverInfo(await this.unary(PingDefinition, 'ping', {}, options));
  }

  status(options: { signal?: AbortSignal } = {}): AsyncIterable<ClientStatus> {
    return this.#status.iterate(options.signal);
  }

  service<D extends GenericDefinition>(definition: D): ServiceClient<D> {
    return this.#calls.service(definition);
  }

  unary<D extends GenericDefinition, N extends UnaryName<D>>(
    definition: D,
    name: N,
    request: RequestInput<D['methods'][N]>,
    options?: CallOptions,
  ): Promise<ResponseOf<D['methods'][N]>> {
    return this.#calls.method(definition, name)(request, options);
  }

  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? GRACE_MS);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#renewal.close();
    this.#calls.endWaits();
    try {
      await Promise.all([this.#onClosing(this, graceMs), this.#live.close(graceMs)]);
    } finally {
      this.#calls.close();
      this.#status.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
