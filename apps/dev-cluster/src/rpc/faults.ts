import { GrpcCode } from '@teleport-ts/api-types';

/**
 * What is to go wrong with one call:
 * - `unavailable`, or a status of your choice: the call is answered with it and never reaches the cluster;
 * - `{ delayMs }`: the call is answered that much later;
 * - `lost`: the call is carried out, but the connection breaks before the answer is out;
 * - `dropped`: the connection breaks and the call is not carried out.
 */
export type Fault =
  | 'unavailable'
  | 'dropped'
  | 'lost'
  | { readonly code: number; readonly message?: string }
  | { readonly delayMs: number };

/** Faults that wait for the calls they are meant for. */
export class Faults {
  readonly #waiting = new Map<string, Fault[]>();

  /** The next call of `method` (its name on the wire, `GenerateUserCerts`) meets this fault; each fault is used once. */
  next(method: string, fault: Fault): void {
    const waiting = this.#waiting.get(method) ?? [];
    waiting.push(fault);
    this.#waiting.set(method, waiting);
  }

  /** Forgets the faults that have not been met. */
  clear(): void {
    this.#waiting.clear();
  }

  /** @internal */
  take(method: string): Fault | undefined {
    return this.#waiting.get(method)?.shift();
  }
}

/** The status that a fault answers with, where it answers at all. */
export function faultStatus(fault: Fault): { code: number; message: string } | undefined {
  if (fault === 'unavailable') return { code: GrpcCode.UNAVAILABLE, message: 'injected fault' };
  if (typeof fault === 'object' && 'code' in fault) {
    return { code: fault.code, message: fault.message ?? 'injected fault' };
  }
  return undefined;
}
