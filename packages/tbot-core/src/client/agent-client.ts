import type { CallOptions, IdentityRequest } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { type AgentDescription, descriptionFromMessage } from './agent-description.ts';
import { type AgentStatus, statusFromMessage } from './agent-status.ts';
import { describeMethod, generateIdentityMethod, getStatusMethod } from './credentials-methods.ts';
import { GrpcCaller, type GrpcMethod } from './grpc-caller.ts';
import { identityFromMessage, identityRequestMessage } from './identity-exchange.ts';
import type { KeyPair } from './key-pair.ts';
import { socketFailure } from './socket-failure.ts';

export interface AgentClientOptions {
  /** Path of the socket. */
  readonly path: string;
  /** Limit of a call that names none of its own. */
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** The calls of the Dynamic Credential API, from views to messages and back. */
export class AgentClient {
  readonly #options: AgentClientOptions;
  readonly #caller: GrpcCaller;

  constructor(options: AgentClientOptions) {
    this.#options = options;
    this.#caller = new GrpcCaller(options);
  }

  /** Issues for the pair, or for the public keys in the request when there is none. */
  async generateIdentity(request: IdentityRequest, pair: KeyPair | undefined, options: CallOptions): Promise<Identity> {
    const publicKeys = pair?.publicKeys ?? request.keys ?? {};
    const message = identityRequestMessage(request, publicKeys);
    const answer = await this.#call(generateIdentityMethod, message, options);
    return identityFromMessage(answer, pair ?? { publicKeys });
  }

  async describe(options: CallOptions): Promise<AgentDescription> {
    return descriptionFromMessage(await this.#call(describeMethod, {}, options));
  }

  async status(options: CallOptions): Promise<AgentStatus> {
    return statusFromMessage(await this.#call(getStatusMethod, {}, options));
  }

  connect(): void {
    this.#caller.connect();
  }

  close(): void {
    this.#caller.close();
  }

  async #call<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    const { path } = this.#options;
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    try {
      return await this.#caller.unary(method, request, { ...options, timeoutMs });
    } catch (error) {
      throw socketFailure(error, { path, rpc: method.path, timeoutMs });
    }
  }
}
