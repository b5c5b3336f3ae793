import type { Clock } from '../clock.ts';

/** How many tries beyond their first all calls of a client may make, see {@link RetryBudget}. */
export interface RetryBudgetOptions {
  /** As many at once. Default 100. */
  readonly burst?: number;
  /** What each call adds, as a share of a try. Default 0.1. */
  readonly perCall?: number;
  /** What each second adds, in tries. Default 1. */
  readonly perSecond?: number;
}

/** Ten tenths are a little less than one. */
const ONE = 1 - 1e-9;

/**
 * A bucket of tries that all calls of a client share. When everything fails at once, as after the restart of a server, the
 * bucket is soon empty, and what comes after it is little more than what the calls alone are.
 */
export class RetryBudget {
  readonly #burst: number;
  readonly #perCall: number;
  readonly #perSecond: number;
  readonly #clock: Clock;
  #left: number;
  #countedAt: number;

  constructor(clock: Clock, { burst = 100, perCall = 0.1, perSecond = 1 }: RetryBudgetOptions = {}) {
    this.#burst = burst;
    this.#perCall = perCall;
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = burst;
    this.#countedAt = clock.now();
  }

  /** A call begins. */
  earn(): void {
    this.#left = Math.min(this.#burst, this.#left + this.#perCall);
  }

  /** Whether there is a try left; it is taken. */
  spend(): boolean {
    const now = this.#clock.now();
    // A clock that was set back brings nothing and takes nothing.
    const passedMs = Math.max(0, now - this.#countedAt);
    this.#countedAt = now;
    this.#left = Math.min(this.#burst, this.#left + (passedMs / 1000) * this.#perSecond);
    if (this.#left < ONE) return false;
    this.#left -= 1;
    return true;
  }
}
