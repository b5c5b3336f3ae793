/** A pending call of {@link Clock.setTimer}; cancelling it twice, or after it has run, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The time that decides about expiry; a test hands in one that it advances itself. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. */
  setTimer(delayMs: number, run: () => void, options?: { keepAlive?: boolean }): Timer;
}

/** The machine's own time. Its timers do not keep the process alive unless told to. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, run, options) {
    const timer = setTimeout(run, delayMs);
    if (options?.keepAlive !== true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
