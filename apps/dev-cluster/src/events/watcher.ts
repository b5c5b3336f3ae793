import type { Event } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import { eventOf, type ResourceChange } from './change-event.ts';
import { matchesKind } from './watch-filter.ts';

/** How far behind a reader may fall. */
export interface BacklogLimits {
  /** Events that may wait as long as they like. Default 1024. */
  readonly capacity?: number;
  /** How long more than those may wait. Default 59 seconds. */
  readonly graceMs?: number;
  /** Events that may wait at all; keeps the memory bounded. Default 16,384. */
  readonly limit?: number;
}

/** One open watch: events wait here until their reader takes them. */
export class Watcher {
  readonly #kinds: readonly WatchKind[];
  readonly #now: () => number;
  readonly #limits: Required<BacklogLimits>;
  #queue: Event[] = [];
  #behindSince: number | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(kinds: readonly WatchKind[], now: () => number, limits: BacklogLimits = {}) {
    this.#kinds = kinds;
    this.#now = now;
    this.#limits = { capacity: 1024, graceMs: 59_000, limit: 16_384, ...limits };
  }

  /** Tells the reader, if this is of a kind that it watches. */
  tell(change: ResourceChange): void {
    if (this.#ended) return;
    const kind = this.#kinds.find((watched) => matchesKind(watched, change));
    if (!kind) return;
    this.#queue.push(eventOf(change, kind.LoadSecrets));
    this.#checkBacklog();
    this.#wake?.();
  }

  /**
   * Ends the stream, without what has not been read. The reader is not told why: the real one has a text for it, but a
   * stream that it drops ends as if all were well.
   */
  end(): void {
    this.#ended = true;
    this.#queue = [];
    this.#wake?.();
  }

  /** What has happened since the watcher was made, until it is ended or the signal is aborted. */
  async *events(signal: AbortSignal): AsyncGenerator<Event> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted && !this.#ended) {
        const event = this.#queue.shift();
        if (event) yield event;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  #checkBacklog(): void {
    const { capacity, graceMs, limit } = this.#limits;
    const waiting = this.#queue.length;
    if (waiting <= capacity) {
      this.#behindSince = undefined;
      return;
    }
    this.#behindSince ??= this.#now();
    if (waiting > limit || this.#now() - this.#behindSince > graceMs) {
      this.end();
    }
  }
}
