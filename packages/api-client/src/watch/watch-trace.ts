import { codeOf } from '../status/call-trace.ts';
import { watchChannel } from '../status/diagnostics.ts';

let latestId = 0;

/** A number for a watch, the same for all its streams. */
export function newWatchId(): number {
  latestId += 1;
  return latestId;
}

/** Publishes one stream of a watch for those who have subscribed. */
export class WatchTrace {
  events = 0;
  readonly #startedAt = performance.now();
  readonly #facts: { readonly id: number; readonly kinds: readonly string[]; readonly attempt: number };
  #isOver = false;

  constructor(id: number, kinds: readonly string[], attempt: number) {
    this.#facts = { id, kinds, attempt };
    if (watchChannel.hasSubscribers) watchChannel.publish({ event: 'start', ...this.#facts });
  }

  end(): void {
    this.#publish(() => ({ event: 'end' }));
  }

  failed(error: unknown): void {
    this.#publish(() => ({ event: 'error', code: codeOf(error) }));
  }

  #publish(outcome: () => { event: 'end' } | { event: 'error'; code: ReturnType<typeof codeOf> }): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!watchChannel.hasSubscribers) return;
    const durationMs = performance.now() - this.#startedAt;
    watchChannel.publish({ ...outcome(), ...this.#facts, durationMs, events: this.events });
  }
}
