import { type Clock, sleep } from './clock.ts';

/** How waits between tries grow: full jitter (any wait between zero and the cap of that try, at least `floorMs`). */
export interface Backoff {
  /** Cap of the first wait. */
  readonly firstMs: number;
  /** Cap of every wait. */
  readonly maxMs: number;
  /** Shortest wait; keeps a lucky draw from hammering. Default 0. */
  readonly floorMs?: number;
}

/** The wait before try `attempt + 1`, where `attempt` failures have been seen (1 or more). `random` is in [0, 1). */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const cap = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30));
  const floor = Math.min(backoff.floorMs ?? 0, cap);
  return floor + random * (cap - floor);
}

export interface RetryOptions {
  readonly backoff: Backoff;
  /** Tries in all. */
  readonly attempts: number;
  /** Whether a failure is worth another try. */
  readonly retryable: (error: unknown) => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait. */
  readonly onRetry?: (error: unknown, waitMs: number) => void;
}

/**
 * Runs `work` until it succeeds, fails for good, or the tries are used up. It is the only layer that waits and repeats:
 * what is called inside must not.
 *
 * @throws the last failure; the signal's reason when aborted while waiting
 */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= options.attempts || options.signal?.aborted || !options.retryable(error)) throw error;
      const waitMs = backoffMs(options.backoff, attempt, options.random());
      options.onRetry?.(error, waitMs);
      await sleep(options.clock, waitMs, options.signal);
    }
  }
}
