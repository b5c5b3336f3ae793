import type { CaRotation } from '../destination-host.ts';
import { leavable } from '../watching/leavable.ts';

/** Steps that wait for a listener who does not read; the oldest go first. */
const MAX_WAITING = 256;

interface Listener {
  readonly waiting: CaRotation[];
  wake: () => void;
}

/** Tells many listeners of the steps of rotations. */
export class RotationFeed {
  readonly #listeners = new Set<Listener>();
  #end: { readonly error: Error } | undefined;

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  tell(rotation: CaRotation): void {
    for (const { waiting, wake } of this.#listeners) {
      waiting.push(rotation);
      if (waiting.length > MAX_WAITING) waiting.shift();
      wake();
    }
  }

  /** Ends all that listen, and who comes later, with this error; only the first one counts. */
  close(error: Error): void {
    this.#end ??= { error };
    for (const { wake } of this.#listeners) wake();
  }

  /**
   * What is told from the moment that the loop begins.
   *
   * @throws what {@link close} was given, or the signal's reason
   */
  listen(signal?: AbortSignal): AsyncIterable<CaRotation> {
    return leavable(signal, (until) => {
      const listener: Listener = { waiting: [], wake: () => {} };
      const wake = (): void => listener.wake();
      this.#listeners.add(listener);
      const leave = (): void => {
        this.#listeners.delete(listener);
        wake();
      };
      if (until.aborted) leave();
      until.addEventListener('abort', leave, { once: true });
      return this.#read(listener, until);
    });
  }

  async *#read(listener: Listener, signal: AbortSignal): AsyncGenerator<CaRotation, void, undefined> {
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = listener.waiting.shift();
        if (next) {
          yield next;
          continue;
        }
        if (this.#end) throw this.#end.error;
        await new Promise<void>((resolve) => {
          listener.wake = resolve;
        });
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}
