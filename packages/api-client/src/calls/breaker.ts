import { TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';

/** When calls that keep failing are no longer sent. The defaults are those of Teleport's own clients. */
export interface BreakerOptions {
  /** How long failures are counted together, in milliseconds. Default 60,000. */
  readonly windowMs?: number;
  /** The share of calls in a window that must fail, 0 to 1; half of it while recovering. Default 0.9. */
  readonly failureShare?: number;
  /** Calls in a window before the share is looked at; a third of it while recovering. Default 10. */
  readonly minCalls?: number;
  /** How long no call is sent, in milliseconds; up to a seventh less, so that clients do not come back together. Default 60,000. */
  readonly trippedMs?: number;
  /** Calls in a row that must succeed before all is as before. Default 3. */
  readonly recoveryCalls?: number;
}

/** `standby`: calls go. `tripped`: none is sent. `recovering`: calls go, and one that fails too many stops them again. */
export type BreakerState = 'standby' | 'tripped' | 'recovering';

/** What {@link Breaker} takes. */
export interface BreakerParts {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly options?: BreakerOptions;
  readonly onChange?: (state: BreakerState, until?: Date) => void;
}

/**
 * The numbers with nothing left open.
 *
 * @throws TeleportError `bad_parameter` naming the one that makes no sense
 */
export function breakerNumbers(options: BreakerOptions): Required<BreakerOptions> {
  const { windowMs = 60_000, failureShare = 0.9, minCalls = 10, trippedMs = 60_000, recoveryCalls = 3 } = options;
  const numbers = { windowMs, failureShare, minCalls, trippedMs, recoveryCalls };
  for (const [name, value] of Object.entries(numbers)) {
    const isShare = name === 'failureShare';
    if (Number.isFinite(value) && value > 0 && (!isShare || value <= 1)) continue;
    const wanted = isShare ? 'above 0 and at most 1' : 'above 0';
    throw new TeleportError('bad_parameter', `breaker.${name} is ${String(value)}; it must be ${wanted}`);
  }
  return numbers;
}

/**
 * Stops calls to a cluster that answers none. A call enters, and leaves by one of {@link passed}, {@link failed} and
 * {@link abandoned}; what entered before the latest change of state no longer counts.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #options: Required<BreakerOptions>;
  readonly #onChange: NonNullable<BreakerParts['onChange']>;
  #state: BreakerState = 'standby';
  #generation = 0;
  #endsAt: number;
  #calls = 0;
  #failures = 0;
  #successesInARow = 0;
  #lastFailure: unknown;

  constructor({ clock, random, options = {}, onChange = () => {} }: BreakerParts) {
    this.#options = breakerNumbers(options);
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
    this.#endsAt = clock.now() + this.#options.windowMs;
  }

  get isTripped(): boolean {
    this.#turn(this.#clock.now());
    return this.#state === 'tripped';
  }

  /**
   * To be asked before a call; what it gives is handed back when the call is over.
   *
   * @throws TeleportError `connection_problem` while tripped, saying until when
   */
  enter(rpc: string): number {
    const now = this.#clock.now();
    this.#turn(now);
    if (this.#state === 'tripped') throw this.#refusal(rpc, now);
    this.#calls += 1;
    return this.#generation;
  }

  passed(generation: number): void {
    if (generation !== this.#generation) return;
    this.#successesInARow += 1;
    if (this.#state === 'recovering' && this.#successesInARow >= this.#options.recoveryCalls) this.#become('standby');
  }

  failed(generation: number, cause: unknown): void {
    if (generation !== this.#generation) return;
    this.#turn(this.#clock.now());
    if (generation !== this.#generation) return;
    this.#failures += 1;
    this.#successesInARow = 0;
    this.#lastFailure = cause;
    const { failureShare, minCalls } = this.#options;
    const isRecovering = this.#state === 'recovering';
    const enough = isRecovering ? Math.floor(minCalls / 3) : minCalls;
    const share = isRecovering ? failureShare / 2 : failureShare;
    if (this.#calls >= enough && this.#failures / this.#calls >= share) this.#become('tripped');
  }

  /** The caller gave the call up: it tells nothing. */
  abandoned(generation: number): void {
    if (generation === this.#generation) this.#calls -= 1;
  }

  /** What time alone changes. */
  #turn(now: number): void {
    const left = this.#endsAt - now;
    // More than there was at first: the clock was set back.
    const isSetBack = left > (this.#state === 'tripped' ? this.#options.trippedMs : this.#options.windowMs);
    if (left > 0 && !(isSetBack && Number.isFinite(left))) return;
    if (this.#state === 'tripped') this.#become('recovering');
    else if (this.#state === 'standby') this.#count(now);
  }

  #become(state: BreakerState): void {
    this.#state = state;
    const now = this.#clock.now();
    this.#count(now);
    if (state === 'tripped') this.#onChange(state, new Date(this.#endsAt));
    else this.#onChange(state);
  }

  #count(now: number): void {
    const { windowMs, trippedMs } = this.#options;
    this.#generation += 1;
    this.#calls = 0;
    this.#failures = 0;
    this.#successesInARow = 0;
    if (this.#state === 'recovering') this.#endsAt = Number.POSITIVE_INFINITY;
    else if (this.#state === 'standby') this.#endsAt = now + windowMs;
    else this.#endsAt = now + trippedMs * (1 - this.#random() / 7);
  }

  #refusal(rpc: string, now: number): TeleportError {
    const cause = this.#lastFailure;
    const last = cause instanceof Error ? `; the last failure: ${cause.message}` : '';
    const until = new Date(this.#endsAt).toISOString();
    const seconds = Math.ceil((this.#endsAt - now) / 1000);
    const message = `too many calls have failed: none is sent until ${until} (${seconds} s)${last}`;
    return new TeleportError('connection_problem', message, {
      rpc,
      retryable: true,
      cause,
      hint: 'the option `breaker` of connect changes when this happens, `breaker: false` turns it off',
    });
  }
}
