interface Wait {
  readonly signal?: AbortSignal;
}

/**
 * Makes a function that works once for all who ask while it does. Each may give up by its own signal; when all have, the
 * work is told so. Nothing is kept: who asks after it ended, well or badly, starts it anew.
 */
export function coalesced<T>(work: (options: { signal: AbortSignal }) => Promise<T>): (options?: Wait) => Promise<T> {
  let running: { readonly result: Promise<T>; readonly ended: AbortController; waiting: number } | undefined;
  const start = (): NonNullable<typeof running> => {
    const ended = new AbortController();
    const result = (async () => work({ signal: ended.signal }))();
    const own = { result, ended, waiting: 0 };
    const forget = (): void => {
      if (running === own) running = undefined;
    };
    result.then(forget, forget);
    return own;
  };
  return ({ signal } = {}) => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    running ??= start();
    const shared = running;
    shared.waiting += 1;
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        signal?.removeEventListener('abort', onAbort);
        shared.waiting -= 1;
      };
      const onAbort = (): void => {
        leave();
        if (shared.waiting === 0) {
          if (running === shared) running = undefined;
          shared.ended.abort(signal?.reason);
        }
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      shared.result.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
  };
}
