import type { Clock } from '../clock.ts';
import type { CaRotation } from '../destination-host.ts';
import { asksForRenewal, renewalDelayMs } from '../rotation/renewal-phase.ts';
import type { Renewable, RenewalReason } from './renewals.ts';

/** A machine that was asleep wakes with its timers where they were: the time is looked at once in a while. */
const LOOK_MS = 60_000;

/** When the next credential is due: at the time that came with the last one, or soon after a rotation. */
export class DueTime {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #keepAlive: boolean;
  #rotationAtMs: number | undefined;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, random: () => number, keepAlive: boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#keepAlive = keepAlive;
  }

  /** Takes note of a rotation. Several in a row lead to one renewal, and the first of them sets its time. */
  rotation(event: CaRotation): void {
    if (!asksForRenewal(event) || this.#rotationAtMs !== undefined) return;
    const nowMs = this.#clock.now();
    this.#rotationAtMs = nowMs + renewalDelayMs(event, nowMs, this.#random());
    this.#wake?.();
  }

  /**
   * Waits until a successor is due.
   *
   * @param notBeforeMs whatever else says earlier
   * @throws the signal's reason
   */
  async wait(held: Renewable, notBeforeMs: number, signal: AbortSignal): Promise<RenewalReason> {
    const plannedAtMs = Math.max(notBeforeMs, Math.min(held.refreshAt.getTime(), held.expires.getTime()));
    for (;;) {
      signal.throwIfAborted();
      const nowMs = this.#clock.now();
      if (this.#rotationAtMs !== undefined && this.#rotationAtMs <= nowMs) {
        this.#rotationAtMs = undefined;
        return 'rotation';
      }
      if (plannedAtMs <= nowMs) return 'renewal';
      const nextAtMs = Math.min(plannedAtMs, this.#rotationAtMs ?? plannedAtMs);
      await this.#sleep(Math.min(nextAtMs - nowMs, LOOK_MS), signal);
    }
  }

  #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#clock.setTimer(delayMs, done, { keepAlive: this.#keepAlive });
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}
