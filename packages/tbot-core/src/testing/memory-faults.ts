import { type ErrorCode, TeleportError } from '@teleport-ts/api-types';

/**
 * What is to go wrong with a request:
 * - an error, best a `TeleportError`, or its code alone: the caller gets it;
 * - `{ delayMs }`: the answer comes that much later, by the clock of the host.
 */
export type MemoryFault = Error | ErrorCode | { readonly delayMs: number };

/** Faults that wait for the requests they are meant for. */
export class MemoryFaults {
  #waiting: MemoryFault[] = [];
  #always: MemoryFault | undefined;

  /**
   * The next requests meet this fault.
   *
   * @param times how many. Default 1
   */
  next(fault: MemoryFault, times = 1): void {
    for (let time = 0; time < times; time++) this.#waiting.push(fault);
  }

  /** All requests meet this fault, until {@link clear}. */
  always(fault: MemoryFault): void {
    this.#always = fault;
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.#waiting = [];
    this.#always = undefined;
  }

  /** @internal */
  take(): { readonly error?: Error; readonly delayMs?: number } {
    const fault = this.#waiting.shift() ?? this.#always;
    if (fault === undefined) return {};
    if (typeof fault === 'string') return { error: new TeleportError(fault, `the test wants ${fault} here`) };
    return fault instanceof Error ? { error: fault } : fault;
  }
}
