import type { Clock, Timer } from '../clock.ts';
import type { CaRotation } from '../destination-host.ts';
import { asksForRenewal, renewalDelayMs } from './renewal-phase.ts';

/**
 * Renews the bot's own identity soon after a rotation of what it is signed with or trusts: an identity that the old
 * authority has signed cannot be renewed any more when the rotation is over.
 */
export class AfterRotation {
  readonly #renew: () => Promise<void>;
  readonly #clock: Clock;
  readonly #random: () => number;
  #timer: Timer | undefined;

  constructor(options: { renew: () => Promise<void>; clock: Clock; random: () => number }) {
    this.#renew = options.renew;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Several in a row lead to one renewal, and the first of them sets its time. */
  rotation(event: CaRotation): void {
    if (!asksForRenewal(event) || event.type === 'db' || this.#timer) return;
    const delayMs = renewalDelayMs(event, this.#clock.now(), this.#random());
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      // A failure is judged, told and tried again by the bot.
      this.#renew().catch(() => {});
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}
