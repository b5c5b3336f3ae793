/** A pending call of {@link Clock.setTimer}; `cancel` after the call has run, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The time that decides about validity, and the timers of dialing; a test hands in one that it advances itself. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. A pending timer keeps the process alive only if it is told to. */
  setTimer(delayMs: number, run: () => void, options?: { keepAlive?: boolean }): Timer;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, run, options) {
    const timer = setTimeout(run, delayMs);
    if (options?.keepAlive !== true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
