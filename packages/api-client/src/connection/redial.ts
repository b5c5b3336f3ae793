import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { Clock, Timer } from '../clock.ts';

/** Longest wait before the first new attempt, in milliseconds; it doubles from attempt to attempt. */
const BASE_MS = 500;
const CAP_MS = 30_000;

/** What {@link Redial} takes. */
export interface RedialOptions<T> {
  /** One attempt. */
  readonly dial: (signal: AbortSignal) => Promise<T>;
  /** An attempt worked. */
  readonly onDialed: (dialed: T) => void;
  /** An attempt failed and another one follows; or the connection was lost, with attempt 1. */
  readonly onWait: (wait: { attempt: number; delayMs: number; cause: TeleportError }) => void;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

interface Asked {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Makes new connections, one at a time for a whole client, however many ask. What may pass is tried again for ever, each
 * time after a random wait up to a limit that doubles ("full jitter"), so that many clients do not come back at once; what
 * no retry mends ends it.
 */
export class Redial<T> {
  readonly #options: RedialOptions<T>;
  readonly #closing = new AbortController();
  #asked: Asked[] = [];
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #recovered = false;

  constructor(options: RedialOptions<T>) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Begins an attempt now, or when the one that runs is over, and settles as it does. When it failed of something that may
   * pass, more follow.
   */
  now(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#wake?.();
      this.#running ??= this.#run(0);
    });
  }

  /** The connection was lost, and did not come back at once: makes attempts until one works, the first after a wait. */
  lost(cause: TeleportError): void {
    this.#recovered = false;
    if (this.#closing.signal.aborted || this.#running) return;
    this.#running = this.#run(1, cause);
  }

  /** The connection came back by itself: no more attempts, unless one was asked for. */
  recovered(): void {
    this.#recovered = true;
    this.#wake?.();
  }

  /** Ends all attempts; settles when none is left. */
  async close(reason: TeleportError): Promise<void> {
    this.#closing.abort(reason);
    this.#wake?.();
    await this.#running;
  }

  async #run(attempt: number, cause?: TeleportError): Promise<void> {
    try {
      if (cause) await this.#wait(attempt, cause);
      await this.#attempts(attempt);
    } finally {
      this.#running = undefined;
      const { aborted, reason } = this.#closing.signal;
      if (aborted) for (const { reject } of this.#asked.splice(0)) reject(reason);
      else if (this.#asked.length > 0) this.#running = this.#run(0);
    }
  }

  async #attempts(first: number): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = first; !signal.aborted; attempt += 1) {
      const asked = this.#asked.splice(0);
      if (asked.length === 0 && this.#recovered) return;
      this.#recovered = false;
      try {
        this.#options.onDialed(await this.#options.dial(signal));
        for (const { resolve } of asked) resolve();
        return;
      } catch (error) {
        for (const { reject } of asked) reject(signal.aborted ? signal.reason : error);
        if (signal.aborted || !isTeleportError(error) || !error.retryable) return;
        await this.#wait(attempt + 1, error);
      }
    }
  }

  async #wait(attempt: number, cause: TeleportError): Promise<void> {
    const { clock, random, onWait } = this.#options;
    if (this.#closing.signal.aborted || this.#asked.length > 0) return;
    const delayMs = Math.floor(random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 16)));
    onWait({ attempt, delayMs, cause });
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      // Whoever waits for an answer over this connection has nothing else that keeps the process alive.
      timer = clock.setTimer(delayMs, resolve, { keepAlive: true });
    });
    this.#wake = undefined;
    timer?.cancel();
  }
}

/** Any failure as a `TeleportError`. */
export function asTeleportError(error: unknown): TeleportError {
  if (isTeleportError(error)) return error;
  return new TeleportError('unknown', error instanceof Error ? error.message : String(error), { cause: error });
}
