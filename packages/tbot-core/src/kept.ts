import type { Clock } from './clock.ts';

interface Flight<T> {
  readonly value: Promise<T>;
}

/**
 * A value from elsewhere that is kept for a while. However many ask at once, one fetch is on its way; a failed one is not
 * remembered.
 */
export class Kept<T> {
  readonly #fetch: () => Promise<T>;
  readonly #maxAgeMs: (fetchedAtMs: number) => number;
  readonly #clock: Clock;
  #value: { readonly value: T; readonly fetchedAtMs: number } | undefined;
  #flight: Flight<T> | undefined;

  /** @param maxAgeMs how long a value may be kept that was asked for then */
  constructor(clock: Clock, maxAgeMs: number | ((fetchedAtMs: number) => number), fetch: () => Promise<T>) {
    this.#clock = clock;
    this.#maxAgeMs = typeof maxAgeMs === 'number' ? () => maxAgeMs : maxAgeMs;
    this.#fetch = fetch;
  }

  /** The kept value while it is young enough, else a new one. */
  get(): Promise<T> {
    const kept = this.#value;
    if (kept && this.#clock.now() - kept.fetchedAtMs < this.#maxAgeMs(kept.fetchedAtMs)) {
      return Promise.resolve(kept.value);
    }
    return this.refresh();
  }

  /** The kept value however old it is, while a new one is fetched in its place; a new one where none is kept. */
  soon(): Promise<T> {
    const kept = this.#value;
    if (!kept) return this.refresh();
    this.get().catch(() => {});
    return Promise.resolve(kept.value);
  }

  /** A new value, also when the kept one is young; joins a fetch that is on its way. */
  refresh(): Promise<T> {
    this.#flight ??= this.#start();
    return this.#flight.value;
  }

  /** The next one who asks gets a new value, even while a fetch is on its way: that may have been answered before. */
  forget(): void {
    this.#value = undefined;
    this.#flight = undefined;
  }

  #start(): Flight<T> {
    const fetchedAtMs = this.#clock.now();
    const flight: Flight<T> = { value: this.#fetch() };
    const landed = (): boolean => {
      if (this.#flight !== flight) return false;
      this.#flight = undefined;
      return true;
    };
    flight.value.then(
      (value) => {
        if (landed()) this.#value = { value, fetchedAtMs };
      },
      () => landed(),
    );
    return flight;
  }
}
