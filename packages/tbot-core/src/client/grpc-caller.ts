import { GrpcCode } from '@teleport-ts/api-types';
import { AnswerReader, type CallEvents, decodeAnswer } from './grpc-answer-reader.ts';
import { type RunningCall, startCall } from './grpc-call.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { GrpcFailure, isNotProcessed } from './grpc-failure.ts';

/** One method of a service, with how its messages are written and read; of one answer or many. */
export interface GrpcMethod<Request, Response> {
  /** `/package.Service/Method`. */
  readonly path: string;
  encode(request: Request): Uint8Array;
  decode(message: Buffer): Response;
}

export interface GrpcCallerOptions {
  /** Path of the unix socket. */
  readonly path: string;
  readonly userAgent: string;
  /** Longest message that is accepted. Default 4 MiB, as in other gRPC libraries. */
  readonly maxMessageBytes?: number;
}

export interface GrpcCallOptions {
  readonly signal?: AbortSignal;
  /** From here, connecting included, to the end of the answer, or of the last of many. */
  readonly timeoutMs?: number;
  /** Whether the process lives on for the answer. Default true. */
  readonly keepAlive?: boolean;
}

/** Unlike `performance`, which is loaded at its first use, `process.hrtime` costs a start nothing. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * The calls of a gRPC client that a socket's caller needs, on `node:http2` alone: small, and started in a tenth of the time
 * that a gRPC library takes: calls with one answer or many. Plain text over a unix socket; no compression, no load
 * balancing, no retry except for a call that the server says it has not begun.
 */
export class GrpcCaller {
  readonly #options: GrpcCallerOptions;
  readonly #connection: GrpcConnection;

  constructor(options: GrpcCallerOptions) {
    this.#options = options;
    this.#connection = new GrpcConnection(options.path);
  }

  /**
   * One request, one answer.
   *
   * @throws GrpcFailure for every status other than OK, and for an answer that is not one whole message; the signal's
   * reason when it is aborted.
   */
  async unary<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options: GrpcCallOptions = {},
  ): Promise<Response> {
    const bytes = method.encode(request);
    const limits = callLimits(options);
    try {
      return await this.#attempt(method, bytes, limits);
    } catch (error) {
      // The server is going away and has not looked at the call: the next connection may reach its successor.
      if (!isNotProcessed(error)) throw error;
      return await this.#attempt(method, bytes, limits);
    }
  }

  /**
   * One request, any number of answers. The call starts when the first answer is asked for, the server is asked for more only
   * as answers are taken, and leaving the loop cancels it. It can be read once.
   *
   * @throws while reading: GrpcFailure for every status other than OK, behind the answers that came before it; the
   * signal's reason, or DEADLINE_EXCEEDED, at once.
   */
  serverStream<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options: GrpcCallOptions = {},
  ): AsyncIterableIterator<Response, undefined> {
    let limits: CallLimits | undefined;
    return new AnswerReader((events) => {
      limits ??= callLimits(options);
      return this.#start({ path: method.path, request: method.encode(request), ...limits, ...events });
    }, method.decode);
  }

  /** Begins to connect, ahead of the first call. */
  connect(): void {
    this.#connection.acquire(true).release();
  }

  /** Ends the connection and every call on it. Safe to call twice. */
  close(): void {
    this.#connection.close();
  }

  #attempt<Response>(method: GrpcMethod<never, Response>, request: Uint8Array, limits: CallLimits): Promise<Response> {
    return new Promise((resolve, reject) => {
      const answers: Buffer[] = [];
      this.#start({
        path: method.path,
        request,
        ...limits,
        onMessage(message) {
          // What gRPC prescribes for a wrong number of answers (statuscodes.md).
          if (answers.push(message) > 1) throw new GrpcFailure(GrpcCode.UNIMPLEMENTED, 'received more than one answer');
        },
        onEnd(failure) {
          if (failure) return reject(failure.error);
          try {
            if (!answers[0]) throw new GrpcFailure(GrpcCode.UNIMPLEMENTED, 'received no answer');
            resolve(decodeAnswer(method.decode, answers[0]));
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  /** Puts one call on the connection, and ends it when its caller's patience does. */
  #start(setup: LimitedCall): RunningCall {
    const { signal, deadline, keepAlive, onEnd, ...call } = setup;
    if (signal?.aborted) throw signal.reason;
    const timeoutMs = deadline === undefined ? undefined : Math.max(0, deadline - monotonicMs());
    const { session, release } = this.#connection.acquire(keepAlive);
    const running = startCall({
      ...call,
      session,
      userAgent: this.#options.userAgent,
      maxMessageBytes: this.#options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      onEnd(failure) {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        release();
        if (signal?.aborted) onEnd({ error: signal.reason, local: true });
        else onEnd(failure && { error: failure, local: late });
      },
    });
    let late = false;
    const onAbort = (): void => running.abandon(new GrpcFailure(GrpcCode.CANCELLED, 'cancelled'));
    const onTimeout = (): void => {
      late = true;
      running.abandon(new GrpcFailure(GrpcCode.DEADLINE_EXCEEDED, 'no answer within the time limit'));
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    return running;
  }
}

interface CallLimits {
  readonly signal: AbortSignal | undefined;
  /** By {@link monotonicMs}. */
  readonly deadline: number | undefined;
  readonly keepAlive: boolean;
}

interface LimitedCall extends CallLimits, CallEvents {
  readonly path: string;
  readonly request: Uint8Array;
}

function callLimits({ signal, timeoutMs, keepAlive = true }: GrpcCallOptions): CallLimits {
  return { signal, deadline: timeoutMs === undefined ? undefined : monotonicMs() + timeoutMs, keepAlive };
}
