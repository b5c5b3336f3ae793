import type { Clock } from './clock.ts';

/**
 * A value from elsewhere that is kept for a while. However many ask at once, one fetch is on its way; a failed one is not
 * remembered.
 */
export class Kept<T> {
  readonly #fetch: () => Promise<T>;
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  #value: { readonly value: T; readonly fetchedAtMs: number } | undefined;
  #flight: Promise<T> | undefined;

  constructor(clock: Clock, maxAgeMs: number, fetch: () => Promise<T>) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
    this.#fetch = fetch;
  }

  /** The kept value while it is young enough, else a new one. */
  get(): Promise<T> {
    const kept = this.#value;
    if (kept && this.#clock.now() - kept.fetchedAtMs < this.#maxAgeMs) return Promise.resolve(kept.value);
    return this.refresh();
  }

  /** A new value, also when the kept one is young; joins a fetch that is on its way. */
  refresh(): Promise<T> {
    this.#flight ??= this.#run();
    return this.#flight;
  }

  async #run(): Promise<T> {
    const askedAtMs = this.#clock.now();
    try {
      const value = await this.#fetch();
      this.#value = { value, fetchedAtMs: askedAtMs };
      return value;
    } finally {
      this.#flight = undefined;
    }
  }
}
