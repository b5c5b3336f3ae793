/** What went wrong, in Teleport's terms. */
export type ErrorCode =
  | 'not_found'
  | 'already_exists'
  | 'access_denied'
  | 'bad_parameter'
  | 'compare_failed'
  | 'limit_exceeded'
  | 'connection_problem'
  | 'not_implemented'
  | 'timeout'
  | 'canceled'
  | 'unknown'
  | 'expired'
  | 'locked'
  | 'version_mismatch';

export interface TeleportErrorOptions {
  readonly rpc?: string;
  readonly retryable?: boolean;
  readonly hint?: string;
  readonly cause?: unknown;
}

const brand = Symbol.for('@teleport-ts/api-types/TeleportError');

/** The one error of these packages. */
export class TeleportError extends Error {
  override readonly name = 'TeleportError';
  readonly code: ErrorCode;
  readonly rpc?: string;
  readonly retryable: boolean;
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, options: TeleportErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    if (options.rpc !== undefined) this.rpc = options.rpc;
    if (options.hint !== undefined) this.hint = options.hint;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Recognised by brand, so that two copies of this package understand each other. */
export function isTeleportError(error: unknown, code?: ErrorCode): error is TeleportError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as Record<symbol, unknown>)[brand] === true &&
    (code === undefined || (error as TeleportError).code === code)
  );
}
