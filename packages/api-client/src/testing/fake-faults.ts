import type { GrpcStatus } from '@teleport-ts/api-types';

/**
 * What is to go wrong with a call:
 * - an error, best a `TeleportError`, or a gRPC status: the caller gets it, the handler is not asked;
 * - `lost`: the handler is asked, but its answer does not arrive;
 * - `{ delayMs }`: the answer comes that much later, by the clock of the fake cluster.
 */
export type FakeFault = Error | GrpcStatus | 'lost' | { readonly delayMs: number };

/** Faults that wait for the calls they are meant for. */
export class FakeFaults {
  readonly #waiting = new Map<string, FakeFault[]>();

  /**
   * The next calls of `method` meet this fault.
   *
   * @param method the name on the wire, `GetRole`
   * @param times how many calls. Default 1
   */
  next(method: string, fault: FakeFault, times = 1): void {
    const waiting = this.#waiting.get(method) ?? [];
    for (let time = 0; time < times; time += 1) waiting.push(fault);
    this.#waiting.set(method, waiting);
  }

  /** How many faults have not been met by a call of `method`. */
  waiting(method: string): number {
    return this.#waiting.get(method)?.length ?? 0;
  }

  /** Forgets the faults that have not been met. */
  clear(): void {
    this.#waiting.clear();
  }

  /** @internal */
  take(method: string): FakeFault | undefined {
    return this.#waiting.get(method)?.shift();
  }
}
