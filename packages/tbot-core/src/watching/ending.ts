/** The end of an iteration, whoever brings it about. */
export interface Ending extends Disposable {
  readonly signal: AbortSignal;
  end(reason: unknown): void;
}

/** A signal of one's own that also ends with the first of others, until it is disposed of. */
export function endingWith(others: readonly (AbortSignal | undefined)[]): Ending {
  const controller = new AbortController();
  const signals = others.filter((signal) => signal !== undefined);
  const onAbort = (event: { target: EventTarget | null }): void =>
    controller.abort((event.target as AbortSignal).reason);
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    end: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    },
  };
}
