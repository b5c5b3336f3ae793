/** A pending call of {@link Clock.setTimer}; `cancel` after the call has run, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The time and the timers that decide about lifetimes; a test hands in one that it advances itself. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number;
  /**
   * Calls `run` once, `delayMs` (milliseconds) from now at the earliest. A pending timer keeps the process alive only if it
   * is told to.
   */
  setTimer(delayMs: number, run: () => void, options?: { keepAlive?: boolean }): Timer;
}

/** Longest delay that a timer of Node takes, 2^31 - 1 ms, about 24.8 days; it fires at once for a longer one. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, run, options) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const partMs = Math.min(Math.max(0, leftMs), LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : run()), partMs);
      if (options?.keepAlive !== true) timer.unref();
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
