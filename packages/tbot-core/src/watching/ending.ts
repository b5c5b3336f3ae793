/** What a signal tells, and what leaving the loop does: one signal for both. */
export interface Ending extends Disposable {
  readonly signal: AbortSignal;
  end(reason: unknown): void;
}

/** A signal of one's own that also ends with the caller's, until it is disposed of. */
export function endingWith(outer: AbortSignal | undefined): Ending {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    end: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => outer?.removeEventListener('abort', onAbort),
  };
}
