import { TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '@teleport-ts/tbot-core';

/** How long a success speaks for what comes after it. */
const FRESH_MS = 5 * 60_000;
/** The same while something else says that the cluster may be away. */
const DOUBTFUL_MS = 60_000;
/** How long a failure does; who asks more often learns of the same one. */
const RETRY_MS = 5000;
/** Longest wait for the cluster. */
const PATIENCE_MS = 10_000;

export interface IssuanceProofOptions {
  /** Issues something that nobody gets. */
  prove: (signal: AbortSignal) => Promise<unknown>;
  clock: Clock;
}

/**
 * Whether credentials can be issued, known from having issued one: for a caller a moment ago, else for nobody, now. Asked
 * often it costs one credential in five minutes, and none where callers come.
 */
export class IssuanceProof {
  readonly #options: IssuanceProofOptions;
  #last: { atMs: number; error?: unknown } | undefined;
  #running: Promise<void> | undefined;

  constructor(options: IssuanceProofOptions) {
    this.#options = options;
  }

  /** A caller got a credential. */
  succeeded(): void {
    this.#last = { atMs: this.#options.clock.now() };
  }

  /** A caller did not get one, by a fault of the agent or the cluster: what was known is no longer so. */
  lapsed(): void {
    // Whoever fails on purpose makes us ask no more often than this.
    if (this.#last && !('error' in this.#last) && this.#ageMs(this.#last) >= RETRY_MS) this.#last = undefined;
  }

  /**
   * Undefined when credentials can be issued, else what keeps them from it. Never rejects.
   *
   * @param doubtful whether something else says that the cluster may be away
   */
  async trouble(doubtful = false): Promise<unknown> {
    const known = this.#last;
    const goodForMs = doubtful ? DOUBTFUL_MS : FRESH_MS;
    if (known && this.#ageMs(known) < ('error' in known ? RETRY_MS : goodForMs)) return known.error;
    this.#running ??= this.#prove().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
    return this.#last?.error;
  }

  #ageMs({ atMs }: { atMs: number }): number {
    return this.#options.clock.now() - atMs;
  }

  async #prove(): Promise<void> {
    const { prove, clock } = this.#options;
    const late = new AbortController();
    const timer = clock.setTimer(PATIENCE_MS, () =>
      late.abort(new TeleportError('timeout', 'no answer from the cluster within 10s', { retryable: true })),
    );
    try {
      await prove(late.signal);
      this.#last = { atMs: clock.now() };
    } catch (error) {
      this.#last = { atMs: clock.now(), error };
    } finally {
      timer.cancel();
    }
  }
}
