import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly at: number;
  readonly run: () => void;
}

/**
 * A clock that stands still until a test moves it.
 *
 * ```ts
 * const clock = new FakeClock();
 * await using client = await connect({ addresses, credentials, clock });
 * await clock.advance(3_600_000);
 * ```
 */
export class FakeClock implements Clock {
  #now: number;
  #pending: Pending[] = [];

  /** Starts at the machine's time unless told otherwise. */
  constructor(start: number | Date | string = Date.now()) {
    this.#now = new Date(start).getTime();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /** Waits until the time is moved that far. */
  setTimer(delayMs: number, run: () => void): Timer {
    const pending = { at: this.#now + Math.max(0, delayMs), run };
    this.#pending.push(pending);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== pending);
      },
    };
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#pending.length;
  }

  /** When the next timer is due, if one waits. */
  get nextTimerAt(): number | undefined {
    return this.#pending.length === 0 ? undefined : Math.min(...this.#pending.map(({ at }) => at));
  }

  /** Moves the time on and runs what falls due, in order; what that sets in motion gets its turn in between. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      const due = this.#pending.filter(({ at }) => at <= target).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#pending = this.#pending.filter((other) => other !== due);
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = target;
    await settle();
  }
}

/** Lets promises that are ready run; twice, since one often starts another behind an I/O callback. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
