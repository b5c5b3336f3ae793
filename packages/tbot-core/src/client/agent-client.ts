import { TeleportError } from '@teleport-ts/api-types';
import type { CallOptions, CaRotation, IdentityRequest, PublicKeys, WatchOptions } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { type AgentDescription, descriptionFromMessage } from './agent-description.ts';
import { type AgentStatus, statusFromMessage } from './agent-status.ts';
import { rotationFromMessage } from './ca-rotation.ts';
import {
  describeMethod,
  generateIdentityMethod,
  getStatusMethod,
  listenForRotationMethod,
  watchIdentityMethod,
} from './credentials-methods.ts';
import { GrpcCaller, type GrpcMethod } from './grpc-caller.ts';
import { identityFromMessage, identityRequestMessage } from './identity-exchange.ts';
import type { KeyPair } from './key-pair.ts';
import { socketFailure } from './socket-failure.ts';
import { type WatchEvent, watchEvent } from './watch-event.ts';

export interface AgentClientOptions {
  /** Path of the socket. */
  readonly path: string;
  /** Limit of a call that names none of its own. */
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** What ends a stream, and whether the process lives on for it. */
export type StreamOptions = Omit<WatchOptions, 'timeoutMs'>;

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

  /** Steps of rotations until left, aborted or cut off; an agent that ends the stream is a failure. */
  rotations(options: StreamOptions): AsyncIterable<CaRotation> {
    return this.#stream(listenForRotationMethod, {}, rotationFromMessage, options);
  }

  /**
   * A credential for the public keys in the request and its successors, as the agent issues them.
   *
   * @param heldSerial serial of the credential that the caller holds from a stream that broke off
   */
  watchIdentity(
    request: IdentityRequest & { readonly keys: PublicKeys },
    heldSerial: string,
    options: StreamOptions,
  ): AsyncIterable<WatchEvent> {
    const message = { request: identityRequestMessage(request, request.keys), knownSerial: heldSerial };
    return this.#stream(watchIdentityMethod, message, (answer) => watchEvent(answer, request.keys), options);
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

  #stream<Request, Response, View>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    view: (answer: Response) => View,
    options: StreamOptions,
  ): AsyncIterable<View> {
    const { path } = this.#options;
    const rpc = method.path;
    const answers = this.#caller.serverStream(method, request, options);
    const over: IteratorResult<View, undefined> = { done: true, value: undefined };
    let left = false;
    const next = async (): Promise<IteratorResult<View, undefined>> => {
      const result = await answers.next().catch((error: unknown) => {
        throw socketFailure(error, { path, rpc });
      });
      if (!result.done) return { done: false, value: view(result.value) };
      if (left) return over;
      throw new TeleportError('connection_problem', `the agent at ${path} has ended the stream`, {
        rpc,
        retryable: true,
      });
    };
    return {
      [Symbol.asyncIterator]: () => ({
        next,
        return: async () => {
          left = true;
          await answers.return?.();
          return over;
        },
      }),
    };
  }
}
