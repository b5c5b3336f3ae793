import { GrpcCode } from '@teleport-ts/api-types';
import { startCall } from './grpc-call.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { GrpcFailure } from './grpc-failure.ts';

/** One method of a service, with how its messages are written and read. */
export interface UnaryMethod<Request, Response> {
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
  /** From here, connecting included, to the end of the answer. */
  readonly timeoutMs?: number;
}

/** Unlike `performance`, which is loaded at its first use, `process.hrtime` costs a start nothing. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * The calls of a gRPC client that a socket's caller needs, on `node:http2` alone: small, and started in a tenth of the time
 * that a gRPC library takes. Plain text over a unix socket; no compression, no load balancing, no retry except for
 * a call that the server says it has not begun.
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
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: GrpcCallOptions = {},
  ): Promise<Response> {
    const bytes = method.encode(request);
    const deadline = options.timeoutMs === undefined ? undefined : monotonicMs() + options.timeoutMs;
    try {
      return await this.#attempt(method, bytes, options.signal, deadline);
    } catch (error) {
      // The server is going away and has not looked at the call: the next connection may reach its successor.
      if (!(error instanceof GrpcFailure) || !error.notProcessed) throw error;
      return await this.#attempt(method, bytes, options.signal, deadline);
    }
  }

  /** Begins to connect, ahead of the first call. */
  connect(): void {
    this.#connection.acquire().release();
  }

  /** Ends the connection and every call on it. Safe to call twice. */
  close(): void {
    this.#connection.close();
  }

  #attempt<Response>(
    method: UnaryMethod<never, Response>,
    request: Uint8Array,
    signal: AbortSignal | undefined,
    deadline: number | undefined,
  ): Promise<Response> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const timeoutMs = deadline === undefined ? undefined : Math.max(0, deadline - monotonicMs());
    const { session, release } = this.#connection.acquire();
    return new Promise((resolve, reject) => {
      const answers: Buffer[] = [];
      const call = startCall({
        session,
        path: method.path,
        request,
        userAgent: this.#options.userAgent,
        maxMessageBytes: this.#options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        onMessage(message) {
          // What gRPC prescribes for a wrong number of answers (statuscodes.md).
          if (answers.push(message) > 1) throw new GrpcFailure(GrpcCode.UNIMPLEMENTED, 'received more than one answer');
        },
        onEnd(failure) {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          release();
          if (signal?.aborted) reject(signal.reason);
          else if (failure) reject(failure);
          else settle(answers[0]);
        },
      });
      const settle = (answer: Buffer | undefined): void => {
        try {
          if (!answer) throw new GrpcFailure(GrpcCode.UNIMPLEMENTED, 'received no answer');
          resolve(decode(method, answer));
        } catch (error) {
          reject(error);
        }
      };
      const onAbort = (): void => call.abandon(new GrpcFailure(GrpcCode.CANCELLED, 'cancelled'));
      const onTimeout = (): void =>
        call.abandon(new GrpcFailure(GrpcCode.DEADLINE_EXCEEDED, 'no answer within the time limit'));
      const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function decode<Response>(method: UnaryMethod<never, Response>, answer: Buffer): Response {
  try {
    return method.decode(answer);
  } catch (cause) {
    throw new GrpcFailure(GrpcCode.INTERNAL, 'the answer is not the expected message', { cause });
  }
}
