import { TeleportError } from '@teleport-ts/api-types';

/**
 * The error of a call that took too long.
 *
 * @param cause what is known of why there was no answer: the failure of an earlier try, or of the connection
 */
export function lateError(rpc: string, limitMs: number, cause?: unknown): TeleportError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new TeleportError('timeout', `no answer within ${limitMs} ms${why}`, { rpc, retryable: true, cause });
}
