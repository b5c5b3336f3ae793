/** A pending call of {@link Clock.setTimer}; `cancel` after the call has run, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The time and the timers that decide about lifetimes; a test hands in one that it advances itself. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. A pending timer keeps the process alive only if it is told to. */
  setTimer(delayMs: number, run: () => void, options?: { keepAlive?: boolean }): Timer;
}

/** Longest delay that a Node timer takes: 2^31 - 1 ms, about 24.8 days. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, run, options) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    if (options?.keepAlive !== true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Resolves after `delayMs` on the given clock.
 *
 * @throws the signal's reason when it is aborted first
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(
      delayMs,
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      { keepAlive: true },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
