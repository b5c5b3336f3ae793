/** Signal numbers, for the exit code that a shell shows for a process that was killed. */
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

type StopSignal = keyof typeof NUMBERS;

/** The wish of whoever started this process that it ends. */
export interface StopSignals extends Disposable {
  /** Aborted by the first SIGINT or SIGTERM, with a {@link Stopped}. */
  readonly signal: AbortSignal;
}

/** Why a process was told to stop. */
export class Stopped extends Error {
  override readonly name = 'AbortError';
  readonly exitCode: number;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.exitCode = 128 + NUMBERS[signal];
  }
}

/** Takes SIGINT and SIGTERM for a wish to end in order until it is disposed of; a second one ends the process at once. */
export function stopSignals(): StopSignals {
  const stop = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((name): [StopSignal, () => void] => [
    name,
    () => {
      const reason = new Stopped(name);
      if (stop.signal.aborted) process.exit(reason.exitCode);
      stop.abort(reason);
    },
  ]);
  for (const [name, handler] of handlers) process.on(name, handler);
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}

/** What a shell shows for a process that was stopped before it could begin. */
export function exitCodeOfReason(reason: unknown): number {
  return reason instanceof Stopped ? reason.exitCode : 1;
}
