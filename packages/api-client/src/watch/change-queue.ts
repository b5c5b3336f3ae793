import { type ItemChange, merged, type ReflectorChange } from './reflector-change.ts';

/**
 * The changes that one reader has not taken yet. A reader who is slower than the cluster gets several changes of an item as
 * one, so that the queue never holds more than one for each item.
 */
export class ChangeQueue<T> {
  readonly #items = new Map<string, ItemChange<T>>();
  #marker: Exclude<ReflectorChange<T>, ItemChange<T>> | undefined;
  #wake: (() => void) | undefined;
  #over: { readonly error: unknown } | undefined;

  push(change: ReflectorChange<T>): void {
    if ('key' in change) this.#pushItem(change);
    else this.#marker = change;
    this.#wake?.();
  }

  /** Ends the reading when all has been taken: with an error, or without. */
  finish(error?: unknown): void {
    this.#over ??= { error };
    this.#wake?.();
  }

  /** @throws the error that {@link finish} was given, or the reason of the signal */
  async *read(signal?: AbortSignal): AsyncGenerator<ReflectorChange<T>, void, undefined> {
    const onAbort = (): void => this.#wake?.();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        signal?.throwIfAborted();
        const next = this.#take();
        if (next) {
          yield next;
          continue;
        }
        if (this.#over) {
          if (this.#over.error !== undefined) throw this.#over.error;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #pushItem(change: ItemChange<T>): void {
    const waiting = this.#items.get(change.key);
    if (!waiting) {
      this.#items.set(change.key, change);
      return;
    }
    const both = merged(waiting, change);
    // It keeps its place: a busy item must not wait behind all others for ever.
    if (both) this.#items.set(change.key, both);
    else this.#items.delete(change.key);
  }

  #take(): ReflectorChange<T> | undefined {
    for (const [key, change] of this.#items) {
      this.#items.delete(key);
      return change;
    }
    const marker = this.#marker;
    this.#marker = undefined;
    return marker;
  }
}
