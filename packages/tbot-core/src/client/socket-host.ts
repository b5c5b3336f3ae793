import { setMaxListeners } from 'node:events';
import type { Client } from '@teleport-ts/api-client';
import { TELEPORT_MAJOR, TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import type {
  CallOptions,
  CaRotation,
  CredentialKind,
  DestinationHost,
  IdentityRequest,
  WatchOptions,
} from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { AgentClient } from './agent-client.ts';
import type { AgentDescription } from './agent-description.ts';
import type { AgentStatus } from './agent-status.ts';
import { type KeyPair, makeKeyPair } from './key-pair.ts';
import { openedLater } from './opened-later.ts';
import { parseSocketPath } from './socket-path.ts';

export interface SocketHostOptions {
  /** The agent's socket: `file:///path`, `unix:///path`, or a path. */
  readonly socket: string;
  /** Limit of a call that names none of its own. Default 30,000 ms. */
  readonly timeoutMs?: number;
  readonly logger?: Logger;
  /** Names the program to the agent. Default `tbot-core/1.<major>`. */
  readonly userAgent?: string;
  /** CA certificates (PEM) of the proxy's web certificate, besides Node's own, for {@link SocketHost.clientForIdentity}. */
  readonly webCa?: readonly string[];
  /** Decides when a watched credential is renewed. Default the machine's. */
  readonly clock?: Clock;
  /** From 0 to below 1, for what is spread out. Default `Math.random`. */
  readonly random?: () => number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * An agent, asked over its unix socket. Nothing is connected before the first call; a lost connection is made again by
 * the next. It does not keep the process alive between calls.
 *
 * @example
 * await using host = new SocketHost({ socket: '/run/tbot/ci.sock' });
 * const identity = await host.generateIdentity({ kind: 'application', name: 'grafana' });
 */
export class SocketHost implements DestinationHost, AsyncDisposable {
  readonly logger: Logger;
  /** Path of the socket. */
  readonly path: string;
  /** As in the options. */
  readonly webCa: readonly string[] | undefined;
  readonly #options: { readonly timeoutMs: number; readonly userAgent: string };
  readonly #time: Pick<SocketHostOptions, 'clock' | 'random'>;
  #client: Promise<AgentClient> | undefined;
  #prepared: { readonly kind: CredentialKind; readonly pair: Promise<KeyPair> } | undefined;
  /** What ends with the host. */
  readonly #over = new AbortController();

  /** @throws TeleportError `bad_parameter` for what cannot be a socket's path */
  constructor(options: SocketHostOptions) {
    this.path = parseSocketPath(options.socket);
    // As many as there are watches.
    setMaxListeners(0, this.#over.signal);
    this.logger = options.logger ?? silentLogger;
    this.webCa = options.webCa;
    this.#time = options;
    this.#options = {
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      userAgent: options.userAgent ?? `tbot-core/1.${TELEPORT_MAJOR}`,
    };
  }

  /**
   * Issues one credential. Without `keys` in the request it makes a pair, RSA 2048 for databases and ECDSA P-256 for all else;
   * the private key never crosses the socket.
   *
   * @throws TeleportError as {@link DestinationHost.generateIdentity}; `connection_problem` with a hint when the agent is
   * not there, `access_denied` when the file system does not let this process connect.
   */
  async generateIdentity(request: IdentityRequest, options: CallOptions = {}): Promise<Identity> {
    const making = request.keys ? undefined : this.#keyPair(request.kind);
    const [client, pair] = await Promise.all([this.#open(), making]);
    return await client.generateIdentity(request, pair, options);
  }

  /**
   * Issues a credential and a new one before each ends, or soon after a rotation. Each has a key pair of its own, made here;
   * with `keys` in the request the agent renews the certificates of these, on one stream, which goes on where it was when the
   * agent was restarted.
   *
   * @throws TeleportError, out of the iteration, see {@link DestinationHost.watchIdentity}
   */
  watchIdentity(request: IdentityRequest, options: WatchOptions = {}): AsyncIterable<Identity> {
    const { keys } = request;
    const { clock, random } = this.#time;
    const more = { ...options, clock, random, over: this.#over.signal };
    return openedLater(async () => {
      const client = await this.#open();
      if (keys) {
        const { watchOwnKeys } = await import('./watch-own-keys.ts');
        const own = { ...request, keys };
        return watchOwnKeys((serial, stream) => client.watchIdentity(own, serial, stream), this.logger, more);
      }
      const { renewing } = await import('../watching/renewing.ts');
      return renewing(this, request, more);
    });
  }

  /**
   * Tells of every step of a rotation from now on. Begins when it is read.
   *
   * @throws TeleportError, out of the iteration: `connection_problem` when the agent goes away, and as
   * {@link SocketHost.generateIdentity}
   */
  listenForRotation(options: Omit<WatchOptions, 'timeoutMs'> = {}): AsyncIterable<CaRotation> {
    return openedLater(async () => (await this.#open()).rotations(options));
  }

  /**
   * A client of the cluster that the identity is for, by the proxy that it names or the address that the agent itself uses.
   *
   * @throws TeleportError `bad_parameter` for an identity without private key or X.509 certificate, else as `connect` of
   * `@teleport-ts/api-client`
   */
  async clientForIdentity(identity: Identity, options: CallOptions = {}): Promise<Client> {
    const { clientForIdentity } = await import('../identity-client.ts');
    const { logger, webCa } = this;
    const addresses = async (leaf: string | undefined): Promise<readonly string[]> => {
      const proxy = identity.route?.proxyAddress;
      // A leaf is reached through a proxy alone.
      if (proxy && leaf !== undefined) return [proxy];
      return [...new Set([...(proxy ? [proxy] : []), ...(await this.addresses(options))])];
    };
    return await clientForIdentity(identity, { ...options, addresses, webCa, logger });
  }

  /**
   * Loads what a call needs and begins to connect, for a program that has other things to do before it asks. Fails
   * only after {@link SocketHost.close}: what is wrong with the socket is told by the call.
   *
   * @param kind of the request to come, whose key pair is made meanwhile
   */
  async prepare(kind?: CredentialKind): Promise<void> {
    if (kind && this.#prepared?.kind !== kind) {
      const pair = makeKeyPair(kind);
      // Told by the request, if there is one.
      pair.catch(() => {});
      this.#prepared = { kind, pair };
    }
    (await this.#open()).connect();
  }

  /** Tells what this caller may ask for. Fails as {@link SocketHost.generateIdentity} does. */
  async describe(options: CallOptions = {}): Promise<AgentDescription> {
    return await (await this.#open()).describe(options);
  }

  /** Tells how the agent is. Fails as {@link SocketHost.generateIdentity} does. */
  async status(options: CallOptions = {}): Promise<AgentStatus> {
    return await (await this.#open()).status(options);
  }

  /**
   * Where the cluster is, `host:port`: its proxy, and the address that the agent itself uses. Fails as
   * {@link SocketHost.generateIdentity} does.
   */
  async addresses(options: CallOptions = {}): Promise<readonly string[]> {
    const [{ proxyAddress }, { bot }] = await Promise.all([this.describe(options), this.status(options)]);
    return [...new Set([proxyAddress, bot?.address ?? ''])].filter((address) => address !== '');
  }

  /** Ends the connection and every call and watch on it; later calls fail. Safe to call twice. */
  async close(): Promise<void> {
    this.#over.abort(new TeleportError('canceled', 'the socket host has been closed'));
    (await this.#client)?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The pair that was made ahead, for one request and no other; else a new one. */
  #keyPair(kind: CredentialKind): Promise<KeyPair> {
    const prepared = this.#prepared;
    if (prepared?.kind !== kind) return makeKeyPair(kind);
    this.#prepared = undefined;
    return prepared.pair;
  }

  /** HTTP/2 and the messages are most of what the client weighs, and only a call needs them. */
  async #open(): Promise<AgentClient> {
    this.#client ??= import('./agent-client.ts').then(
      ({ AgentClient }) => new AgentClient({ path: this.path, ...this.#options }),
    );
    const client = await this.#client;
    this.#over.signal.throwIfAborted();
    return client;
  }
}
