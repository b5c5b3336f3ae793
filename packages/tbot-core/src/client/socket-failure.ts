import { type ErrorCode, errorFromStatus, GrpcCode, TeleportError } from '@teleport-ts/api-types';
import { Failure } from '../gen/tbot/credentials/v1/credentials.ts';
import { connectFailure } from './connect-failure.ts';
import { binaryTrailer } from './grpc-answer.ts';
import { GrpcFailure } from './grpc-failure.ts';

/** What is known about a failed call on a socket. */
export interface FailedSocketCall {
  readonly path: string;
  readonly rpc: string;
  /** Its time limit; a stream has none. */
  readonly timeoutMs?: number;
}

/**
 * The error that a failed call is reported by: the agent's own words where it sent them (`tbot-failure-bin`, a Failure
 * message), else what status and system say. What is no failed call, such as an abort, stays what it is.
 */
export function socketFailure(error: unknown, call: FailedSocketCall): unknown {
  if (!(error instanceof GrpcFailure)) return error;
  const { rpc, path } = call;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  if (error.code === GrpcCode.UNAVAILABLE && cause?.syscall === 'connect') return connectFailure(path, cause);
  const told = agentFailure(error, rpc);
  if (told) return told;
  if (error.code === GrpcCode.DEADLINE_EXCEEDED) {
    // The agent knows the limit too, and the two clocks run for the same end: whose word comes first means nothing.
    const words = /^(deadline exceeded|no answer within the time limit)?$/i.test(error.message)
      ? ''
      : `: ${error.message}`;
    return new TeleportError('timeout', `the agent at ${path} did not answer ${limitInWords(call.timeoutMs)}${words}`, {
      rpc,
      hint: 'it may be waiting for the cluster; `tbot status` shows its last errors',
    });
  }
  if (error.code === GrpcCode.UNIMPLEMENTED) {
    return new TeleportError('not_implemented', `${path} does not serve the Dynamic Credential API: ${error.message}`, {
      rpc,
      hint: 'is this the socket of another program, or of an older agent?',
    });
  }
  return errorFromStatus({ code: error.code, message: error.message, rpc, cause: error });
}

function limitInWords(timeoutMs: number | undefined): string {
  return timeoutMs === undefined ? 'in time' : `within ${timeoutMs / 1000} s`;
}

function agentFailure(error: GrpcFailure, rpc: string): TeleportError | undefined {
  const bytes = binaryTrailer(error.trailers, 'tbot-failure-bin');
  if (!bytes || bytes.length === 0) return undefined;
  try {
    const failure = Failure.decode(bytes);
    return failure.code ? errorFromFailure(failure, rpc, error.message) : undefined;
  } catch {
    // A detail that cannot be read must not hide the failure itself.
    return undefined;
  }
}

/** The error that the agent's own words make. */
export function errorFromFailure(
  failure: Failure,
  rpc: string,
  otherwise = 'the agent gives no reason',
): TeleportError {
  const { code, message, hint, retryAfter } = failure;
  return new TeleportError((code || 'unknown') as ErrorCode, message || otherwise, {
    rpc,
    ...(hint ? { hint } : {}),
    ...(retryAfter ? { retryable: true } : {}),
  });
}
