import type { Clock } from '@teleport-ts/api-types';

export { type Clock, systemClock, type Timer } from '@teleport-ts/api-types';

/**
 * Resolves after `delayMs` on the given clock. The process lives on for it unless told otherwise.
 *
 * @throws the signal's reason when it is aborted first
 */
export function sleep(
  clock: Clock,
  delayMs: number,
  signal?: AbortSignal,
  { keepAlive = true }: { keepAlive?: boolean } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(
      delayMs,
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      { keepAlive },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
