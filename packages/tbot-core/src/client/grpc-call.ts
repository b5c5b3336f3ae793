import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { GrpcCode } from '@teleport-ts/api-types';
import { headerFailure, resetFailure, statusIn, timeoutHeader } from './grpc-answer.ts';
import { GrpcFailure } from './grpc-failure.ts';
import { FrameReader, frameMessage } from './grpc-framing.ts';

/** A call of one request and any number of answers, before it is known how they are consumed. */
export interface CallSetup {
  readonly session: ClientHttp2Session;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Uint8Array;
  readonly userAgent: string;
  /** Longest message that is accepted, bytes. */
  readonly maxMessageBytes: number;
  /** Told to the server; the caller keeps its own timer. */
  readonly timeoutMs?: number;
  /** One whole message. Throwing a GrpcFailure ends the call with it. */
  onMessage(message: Buffer): void;
  /** Called once, last: undefined for status OK. */
  onEnd(failure: GrpcFailure | undefined): void;
}

/** A call on its way; ending it twice is harmless. */
export interface RunningCall {
  readonly stream: ClientHttp2Stream;
  /** Ends the call from this side with the given failure. */
  abandon(failure: GrpcFailure): void;
}

/** Sends a request and reads what comes back, whatever comes back. */
export function startCall(setup: CallSetup): RunningCall {
  const stream = setup.session.request({
    ':method': 'POST',
    ':path': setup.path,
    ':scheme': 'http',
    ':authority': 'localhost',
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': setup.userAgent,
    ...(setup.timeoutMs === undefined ? {} : { 'grpc-timeout': timeoutHeader(setup.timeoutMs) }),
  });
  const frames = new FrameReader(setup.maxMessageBytes);
  let status: GrpcFailure | 'ok' | undefined;
  let wrongHeaders: GrpcFailure | undefined;
  let broken: Error | undefined;
  let ended = false;

  const end = (failure: GrpcFailure | undefined): void => {
    if (ended) return;
    ended = true;
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    setup.onEnd(failure);
  };

  stream.on('response', (headers: IncomingHttpHeaders) => {
    status = statusIn(headers);
    wrongHeaders = headerFailure(headers);
  });
  stream.on('trailers', (trailers: IncomingHttpHeaders) => {
    status = statusIn(trailers);
  });
  stream.on('data', (chunk: Buffer) => {
    // The body of an answer that is not gRPC is read to its end, since a status may still follow.
    if (ended || wrongHeaders) return;
    try {
      for (const message of frames.push(chunk)) if (!ended) setup.onMessage(message);
    } catch (error) {
      end(error instanceof GrpcFailure ? error : new GrpcFailure(GrpcCode.INTERNAL, String(error), { cause: error }));
    }
  });
  stream.on('error', (error) => {
    broken = error;
  });
  stream.on('close', () => end(outcome()));

  function outcome(): GrpcFailure | undefined {
    if (status instanceof GrpcFailure) return status;
    if (wrongHeaders) return wrongHeaders;
    if (status === 'ok') {
      if (!frames.unfinished) return undefined;
      return new GrpcFailure(GrpcCode.INTERNAL, 'the answer ended in the middle of a message');
    }
    return lost() ?? resetFailure(stream.rstCode ?? constants.NGHTTP2_NO_ERROR);
  }

  /** A connection that is gone resets its streams with CANCEL, which is not what the server said. */
  function lost(): GrpcFailure | undefined {
    if (!setup.session.destroyed && !isConnectionError(broken)) return undefined;
    const cause = connectionCause(broken);
    const why = cause ? `: ${cause.message}` : '';
    return new GrpcFailure(GrpcCode.UNAVAILABLE, `the connection was lost${why}`, { cause });
  }

  stream.end(frameMessage(setup.request));
  return { stream, abandon: end };
}

function isConnectionError(error: Error | undefined): boolean {
  return error !== undefined && connectionCause(error) !== undefined;
}

/** The system's error under what http2 makes of it. */
function connectionCause(error: Error | undefined): NodeJS.ErrnoException | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (typeof (at as NodeJS.ErrnoException).syscall === 'string') return at;
  }
  return undefined;
}
