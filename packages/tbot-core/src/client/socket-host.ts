import { TELEPORT_MAJOR, TeleportError } from '@teleport-ts/api-types';
import type { CallOptions, DestinationHost, IdentityRequest } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { type AgentDescription, descriptionFromMessage } from './agent-description.ts';
import { type AgentStatus, statusFromMessage } from './agent-status.ts';
import { describeMethod, generateIdentityMethod, getStatusMethod } from './credentials-methods.ts';
import type { GrpcCaller, UnaryMethod } from './grpc-caller.ts';
import { identityFromMessage, identityRequestMessage, publicKeysOf } from './identity-exchange.ts';
import { makeKeyPair } from './key-pair.ts';
import { parseSocketPath } from './socket-path.ts';

export interface SocketHostOptions {
  /** The agent's socket: `file:///path`, `unix:///path`, or a path. */
  readonly socket: string;
  /** Limit of a call that names none of its own. Default 30,000 ms. */
  readonly timeoutMs?: number;
  readonly logger?: Logger;
  /** Names the program to the agent. Default `tbot-core/1.<major>`. */
  readonly userAgent?: string;
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
  readonly #timeoutMs: number;
  readonly #userAgent: string;
  #caller: Promise<GrpcCaller> | undefined;
  #closed = false;

  /** @throws TeleportError `bad_parameter` for what cannot be a socket's path */
  constructor(options: SocketHostOptions) {
    this.path = parseSocketPath(options.socket);
    this.logger = options.logger ?? silentLogger;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#userAgent = options.userAgent ?? `tbot-core/1.${TELEPORT_MAJOR}`;
  }

  /**
   * Issues one credential. Without `keys` in the request it makes an ECDSA P-256 pair; the private key never crosses the
   * socket.
   *
   * @throws TeleportError as {@link DestinationHost.generateIdentity}; `connection_problem` with a hint when the agent is
   * not there, `access_denied` when the file system does not let this process connect.
   */
  async generateIdentity(request: IdentityRequest, options: CallOptions = {}): Promise<Identity> {
    const pair = request.keys ? undefined : await makeKeyPair();
    const publicKeys = pair ? publicKeysOf(pair.publicKey) : request.keys!;
    const message = identityRequestMessage(request, publicKeys);
    const answer = await this.#call(generateIdentityMethod, message, options);
    return identityFromMessage(answer, pair ? { privateKey: pair.privateKey } : { publicKeys });
  }

  /** Tells what this caller may ask for. */
  async describe(options: CallOptions = {}): Promise<AgentDescription> {
    return descriptionFromMessage(await this.#call(describeMethod, {}, options));
  }

  /** Tells how the agent is. */
  async status(options: CallOptions = {}): Promise<AgentStatus> {
    return statusFromMessage(await this.#call(getStatusMethod, {}, options));
  }

  /** Ends the connection and every call on it; later calls fail. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    (await this.#caller)?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** HTTP/2 costs a third of what importing this door costs, and only a call needs it. */
  async #connected(): Promise<GrpcCaller> {
    this.#caller ??= import('./grpc-caller.ts').then(
      ({ GrpcCaller }) => new GrpcCaller({ path: this.path, userAgent: this.#userAgent }),
    );
    return await this.#caller;
  }

  async #call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    try {
      const caller = await this.#connected();
      if (this.#closed) throw new TeleportError('canceled', 'the socket host has been closed');
      return await caller.unary(method, request, { ...options, timeoutMs });
    } catch (error) {
      const { socketFailure } = await import('./socket-failure.ts');
      throw await socketFailure(error, { path: this.path, rpc: method.path, timeoutMs });
    }
  }
}
