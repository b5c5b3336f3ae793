/** What every call takes last. */
export interface CallOptions {
  /** Gives the call up, whichever try it is at; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Longest time for the whole call, all tries together; it then rejects with a TeleportError `timeout`. 0 means no limit. */
  readonly timeoutMs?: number;
  /** Headers of this call, besides those that the client sends itself. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** How this call is tried again; `false` for one try. Default: as the client does. */
  readonly retry?: RetryOptions | false;
  /**
   * Whether sending it twice does what sending it once does; only such calls are tried again. Default: whether the method
   * is known to only read.
   */
  readonly idempotent?: boolean;
  /**
   * Whether the process lives on for this call when nothing else is left to do. Default true; false for a stream in the
   * background of a program, which must not be what keeps it from ending. Of calls with one answer it is always true.
   */
  readonly keepAlive?: boolean;
}

/** How often and how soon a failed call is tried again. */
export interface RetryOptions {
  /** Tries all together, the first included. Default 5. */
  readonly attempts?: number;
  /** Longest wait before the second try, in milliseconds; it doubles from try to try. Default 100. */
  readonly baseMs?: number;
  /** Longest wait before any try, in milliseconds. Default 5,000. */
  readonly capMs?: number;
}
