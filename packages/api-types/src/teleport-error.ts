/**
 * What went wrong, in Teleport's terms.
 *
 * The first eight and `unknown` are the kinds of error that a cluster answers with; the others are
 * told apart here because a caller acts differently on them.
 */
export type ErrorCode =
  | 'not_found'
  | 'already_exists'
  | 'access_denied'
  | 'bad_parameter'
  | 'compare_failed'
  | 'limit_exceeded'
  | 'connection_problem'
  | 'not_implemented'
  /** A deadline passed: the caller's `timeoutMs` or the server's. */
  | 'timeout'
  /** The caller's signal was aborted. */
  | 'canceled'
  /** The caller's own certificate has ended. */
  | 'expired'
  /** A lock on the caller, or on what it asked for, is in force. */
  | 'locked'
  /** The cluster asks for a second factor on this call. */
  | 'mfa_required'
  /** Client and server do not support each other. */
  | 'version_mismatch'
  | 'unknown';

/** What a {@link TeleportError} may carry beside its code and message. */
export interface TeleportErrorOptions {
  /** Full name of the call that failed, `/proto.AuthService/Ping`. */
  readonly rpc?: string | undefined;
  /** Whether the same call may succeed later with nothing changed. Default: decided by the code. */
  readonly retryable?: boolean | undefined;
  /** What to do about it, one sentence for people. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('@teleport-ts/TeleportError');

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['connection_problem', 'limit_exceeded', 'timeout']);

/**
 * The one error of these packages.
 *
 * A program may hold two copies of this class, so `instanceof TeleportError` goes by a mark that all copies set; so does
 * {@link isTeleportError}, which also asks for a code.
 * Neither message nor hint ever holds a key or a token.
 *
 * @example
 * try {
 *   await client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
 * } catch (error) {
 *   if (!isTeleportError(error, 'not_found')) throw error;
 * }
 */
export class TeleportError extends Error {
  override readonly name = 'TeleportError';
  readonly code: ErrorCode;
  declare readonly rpc?: string;
  readonly retryable: boolean;
  declare readonly hint?: string;

  constructor(code: ErrorCode, message: string, options: TeleportErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(code);
    if (options.rpc !== undefined) this.rpc = options.rpc;
    if (options.hint !== undefined) this.hint = options.hint;
    Object.defineProperty(this, BRAND, { value: true });
    // An own enumerable name would show up beside the code wherever the error is printed.
    Object.defineProperty(this, 'name', { enumerable: false });
  }

  /** Of its subclasses each is itself. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method
    return this === TeleportError ? isTeleportError(value) : Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /** `TeleportError: [not_found] role deployer is not found` */
  override toString(): string {
    return `${this.name}: [${this.code}] ${this.message}`;
  }
}

/**
 * Whether `error` is a {@link TeleportError}, of this or of another copy of the package, and, where
 * `code` is given, one with that code.
 */
export function isTeleportError(error: unknown, code?: ErrorCode): error is TeleportError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as Record<symbol, unknown>)[BRAND] === true &&
    (code === undefined || (error as TeleportError).code === code)
  );
}
