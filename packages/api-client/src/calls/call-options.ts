/** What every call takes last. */
export interface CallOptions {
  /** Gives the call up; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Longest time for the whole call; it then rejects with a TeleportError `timeout`. 0 means no limit. */
  readonly timeoutMs?: number;
  /** Headers of this call, besides those that the client sends itself. */
  readonly metadata?: Readonly<Record<string, string>>;
}
