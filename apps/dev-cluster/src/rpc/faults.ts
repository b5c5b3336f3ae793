import { GrpcCode } from '@teleport-ts/api-types';

/**
 * What is to go wrong with one call:
 * - `unavailable`, or a status of your choice: the call is answered with it and never reaches the cluster;
 * - `{ delayMs }`: the call is answered that much later;
 * - `lost`: the call is carried out, but the connection breaks before the answer is out;
 * - `dropped`: the connection breaks and the call is not carried out;
 * - any other {@link WireFault}: the call is carried out, but its answer is none;
 * - `{ afterMessages, fault }`: an answer of many messages goes wrong after so many of them.
 */
export type Fault =
  | 'unavailable'
  | 'lost'
  | WireFault
  | StatusFault
  | { readonly delayMs: number }
  | { readonly afterMessages: number; readonly fault: WireFault | StatusFault };

/**
 * What a server does not do:
 * - `dropped`: the connection breaks;
 * - `half-closed`: the answer ends without a status;
 * - `cut-short`: a message ends before its announced length;
 * - `oversized`: a message is announced that nobody takes;
 * - `garbled`: a message is none of the expected kind.
 */
export type WireFault = 'dropped' | 'half-closed' | 'cut-short' | 'oversized' | 'garbled';

export interface StatusFault {
  readonly code: number;
  readonly message?: string;
}

const WIRE_FAULTS: ReadonlySet<unknown> = new Set<WireFault>([
  'dropped',
  'half-closed',
  'cut-short',
  'oversized',
  'garbled',
]);

export const isWireFault = (fault: Fault | undefined): fault is WireFault => WIRE_FAULTS.has(fault);

/** Faults that wait for the calls they are meant for. */
export class Faults {
  readonly #waiting = new Map<string, Fault[]>();

  /** The next call of `method` (its name on the wire, `GenerateUserCerts`) meets this fault; each fault is used once. */
  next(method: string, fault: Fault): void {
    const waiting = this.#waiting.get(method) ?? [];
    waiting.push(fault);
    this.#waiting.set(method, waiting);
  }

  /** How many faults have not been met by a call of `method`; 0 tells a test that its call has arrived. */
  waiting(method: string): number {
    return this.#waiting.get(method)?.length ?? 0;
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

/** When and how an answer of many messages goes wrong; never, for most faults. */
export function faultOfStream(fault: Fault | undefined): { afterMessages: number; fault: WireFault | StatusFault } {
  if (isWireFault(fault)) return { afterMessages: 0, fault };
  if (typeof fault === 'object' && 'afterMessages' in fault) return fault;
  return { afterMessages: Number.POSITIVE_INFINITY, fault: 'dropped' };
}
