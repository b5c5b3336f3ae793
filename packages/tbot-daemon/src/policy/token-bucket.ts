/** How fast requests may come. */
export interface Rate {
  perSecond: number;
  /** How many may come at once after a pause. */
  burst: number;
}

/** A whole token, as far as sums of fractions can tell. */
const ONE = 1 - 1e-9;

/**
 * A token bucket. Time is passed in with each call, so nothing runs between calls; a clock that steps back gives no
 * tokens and takes none.
 */
export class TokenBucket {
  #tokens: number;
  #atMs: number;
  readonly #rate: Rate;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (passedMs / 1000) * this.#rate.perSecond);
    this.#atMs = nowMs;
  }

  /** Milliseconds until a token is there; 0 when one is there now. Takes none. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= ONE ? 0 : Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1000);
  }

  /** Takes a token that {@link waitMs} has just said to be there. */
  take(): void {
    this.#tokens = Math.max(0, this.#tokens - 1);
  }

  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= this.#rate.burst;
  }
}
