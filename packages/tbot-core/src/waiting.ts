import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';

/** Limits of one caller's wait. */
export interface WaitLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** One caller's patience: a signal that ends with the caller's own or with the time limit. */
export interface Patience extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Joins a caller's signal and time limit into one signal. Dispose it when the work is done.
 *
 * @param what stands in the message of the `timeout` error
 */
export function patience(limits: WaitLimits, what: string): Patience {
  const { signal: outer, timeoutMs } = limits;
  if (outer && timeoutMs === undefined) return { signal: outer, [Symbol.dispose]: () => {} };
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  outer?.addEventListener('abort', onAbort, { once: true });
  const late = (): void => {
    const message = `${what} took longer than ${formatGoDuration(timeoutMs ?? 0)}`;
    controller.abort(new TeleportError('timeout', message, { retryable: true }));
  };
  const timer = timeoutMs === undefined || timeoutMs <= 0 ? undefined : setTimeout(late, timeoutMs);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}

/** Waits for shared work, which goes on for others when this caller gives up. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) {
      work.catch(() => {});
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (): void => signal.removeEventListener('abort', onAbort);
    work.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}
