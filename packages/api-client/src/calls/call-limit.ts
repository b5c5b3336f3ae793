import type { Clock, Timer } from '../clock.ts';

interface Cancelable {
  cancel(): void;
}

/**
 * The limit of calls that name none themselves. All have the same, so the one that began first ends first and one timer
 * does for all; a deadline of gRPC would cost each call a timer and a header, a tenth of its time.
 */
export class CallLimit {
  readonly limitMs: number;
  readonly #clock: Clock;
  readonly #ends = new Map<Cancelable, number>();
  readonly #over = new WeakSet<Cancelable>();
  #timer: Timer | undefined;

  /** @param limitMs 0 or infinite is no limit */
  constructor(limitMs: number, clock: Clock) {
    this.limitMs = limitMs;
    this.#clock = clock;
  }

  start(call: Cancelable): void {
    if (!(this.limitMs > 0 && this.limitMs < Number.POSITIVE_INFINITY)) return;
    this.#ends.set(call, this.#clock.now() + this.limitMs);
    this.#timer ??= this.#clock.setTimer(this.limitMs, () => this.#check());
  }

  /** To be called when a call is over; says whether it was ended for its time. */
  stop(call: Cancelable): boolean {
    this.#ends.delete(call);
    return this.#over.has(call);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [call, end] of this.#ends) {
      if (end > now) {
        this.#timer = this.#clock.setTimer(end - now, () => this.#check());
        return;
      }
      this.#ends.delete(call);
      this.#over.add(call);
      call.cancel();
    }
  }
}
