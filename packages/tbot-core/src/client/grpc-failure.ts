import type { IncomingHttpHeaders } from 'node:http2';

/** A call that did not end with status OK. Stays inside the client; callers get a TeleportError. */
export class GrpcFailure extends Error {
  override readonly name = 'GrpcFailure';
  /** gRPC status code. */
  readonly code: number;
  /** Trailers of the answer; empty when none came. */
  readonly trailers: IncomingHttpHeaders;
  /** True when the server cannot have begun to work on the call, so that it may be made again. */
  readonly notProcessed: boolean;

  constructor(
    code: number,
    message: string,
    details: { trailers?: IncomingHttpHeaders; notProcessed?: boolean; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.trailers = details.trailers ?? {};
    this.notProcessed = details.notProcessed ?? false;
  }
}

/** The server has not looked at the call, so that it may be made again. */
export function isNotProcessed(error: unknown): boolean {
  return error instanceof GrpcFailure && error.notProcessed;
}
