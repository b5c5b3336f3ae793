import { type ErrorCode, isTeleportError, TeleportError, type TeleportErrorOptions } from '@teleport-ts/api-types';

/** What a refusal tells besides its code and message. */
export interface FailureDetail {
  retryAfterMs?: number;
  offendingRoles?: readonly string[];
}

/** An error of the socket itself, with the details that its caller gets. */
export class CallFailure extends TeleportError {
  readonly detail: FailureDetail;

  constructor(code: ErrorCode, message: string, options: TeleportErrorOptions & FailureDetail = {}) {
    super(code, message, options);
    this.detail = {
      ...(options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs }),
      ...(options.offendingRoles === undefined ? {} : { offendingRoles: options.offendingRoles }),
    };
  }
}

/**
 * Any error as one that may be shown to a caller. What is not a TeleportError is a fault of the agent: its text stays in
 * the agent's log, since nobody has looked at what is in it.
 */
export function asCallFailure(error: unknown): TeleportError {
  if (isTeleportError(error)) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new TeleportError('canceled', 'the call was cancelled', { cause: error });
  }
  return new TeleportError('unknown', 'the agent failed to answer; its log says why', { cause: error });
}
