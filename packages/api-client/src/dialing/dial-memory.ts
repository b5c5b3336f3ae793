import type { Clock } from '../clock.ts';
import type { FindAnswer } from '../web/proxy-answers.ts';
import type { Address } from './address.ts';
import type { Way } from './way.ts';

/** How long what a proxy said of itself is believed. */
const FIND_MS = 5 * 60_000;

/** What the dials of one client, and of its clients of leaf clusters, know from those before. Failures are forgotten. */
export class DialMemory {
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly answer: FindAnswer; readonly until: number }>();
  readonly #winners = new Map<string, Way>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the proxy at this address said of itself less than five minutes ago. */
  found(address: Address): FindAnswer | undefined {
    const known = this.#answers.get(keyOf(address));
    return known && known.until > this.#clock.now() ? known.answer : undefined;
  }

  keepFound(address: Address, answer: FindAnswer): void {
    this.#answers.set(keyOf(address), { answer, until: this.#clock.now() + FIND_MS });
  }

  /** The way that worked last for this address. */
  winner(address: Address): Way | undefined {
    return this.#winners.get(keyOf(address));
  }

  won(address: Address, way: Way): void {
    this.#winners.set(keyOf(address), way);
  }

  /** Nothing works there any more, so nothing that is known of it need be true. */
  forget(address: Address): void {
    this.#answers.delete(keyOf(address));
    this.#winners.delete(keyOf(address));
  }
}

function keyOf({ host, port }: Address): string {
  return `${host} ${port ?? ''}`;
}
