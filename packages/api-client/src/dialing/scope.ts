import type { Clock } from '../clock.ts';

/** A stretch of work with a time limit, and an end that its maker may call; it follows the signal of its caller. */
export interface Scope {
  readonly signal: AbortSignal;
  /** The limit passed. */
  readonly timedOut: boolean;
  /** Ends the work, and frees the timer. */
  end(): void;
  /** Frees the timer; the work may go on for as long as it likes. */
  release(): void;
}

/** Opens a scope of at most `limitMs`. */
export function scope(clock: Clock, limitMs: number, parent?: AbortSignal): Scope {
  const controller = new AbortController();
  let timedOut = false;
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  const timer = clock.setTimer(
    limitMs,
    () => {
      timedOut = true;
      controller.abort(new DOMException(`no answer within ${limitMs} ms`, 'TimeoutError'));
    },
    { keepAlive: true },
  );
  const release = (): void => {
    timer.cancel();
    parent?.removeEventListener('abort', onParent);
  };
  return {
    signal: controller.signal,
    get timedOut() {
      return timedOut;
    },
    release,
    end() {
      release();
      controller.abort();
    },
  };
}

/** Settles after `delayMs`, or at once when the signal ends; never rejects. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal, keepAlive = true): Promise<void> {
  return new Promise((resolve) => {
    if (delayMs <= 0 || signal.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(delayMs, done, { keepAlive });
    signal.addEventListener('abort', done, { once: true });
  });
}
