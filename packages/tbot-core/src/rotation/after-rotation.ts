import type { Clock, Timer } from '../clock.ts';
import type { CaRotation } from '../destination-host.ts';
import { asksForRenewal, renewalDelayMs } from './renewal-phase.ts';

export interface AfterRotationOptions {
  readonly run: () => void;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * Does what is to be done soon after a rotation, but not at once: a cluster signs with a new authority a moment before all
 * of it takes what that has signed.
 */
export class AfterRotation {
  readonly #options: AfterRotationOptions;
  #timer: Timer | undefined;

  constructor(options: AfterRotationOptions) {
    this.#options = options;
  }

  /** Several in a row lead to one run, and the first of them sets its time. Database authorities sign nothing of a bot. */
  rotation(event: CaRotation): void {
    if (!asksForRenewal(event) || event.type === 'db' || this.#timer) return;
    const { clock, random, run } = this.#options;
    this.#timer = clock.setTimer(renewalDelayMs(event, clock.now(), random()), () => {
      this.#timer = undefined;
      run();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}
