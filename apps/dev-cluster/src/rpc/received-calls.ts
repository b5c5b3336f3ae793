/** One call that the cluster has answered. */
export interface ReceivedCall {
  /** `GenerateUserCerts` */
  readonly method: string;
  /** `proto.AuthService` */
  readonly service: string;
  /** The caller's user name; empty without a client certificate. */
  readonly user: string;
  /** Serial number of the caller's certificate, hexadecimal in capitals; empty without one. */
  readonly serial: string;
  /** The gRPC status code it was answered with; 0 is success. */
  readonly code: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const KEPT = 10_000;

/** The calls that the cluster has received, oldest first; only the last 10,000 are kept. */
export class ReceivedCalls implements Iterable<ReceivedCall> {
  #calls: ReceivedCall[] = [];

  /** @internal */
  add(call: ReceivedCall): void {
    this.#calls.push(call);
    if (this.#calls.length >= 2 * KEPT) this.#calls = this.#calls.slice(-KEPT);
  }

  /** All calls, or those of one method. */
  list(method?: string): ReceivedCall[] {
    const kept = this.#calls.slice(-KEPT);
    return method === undefined ? kept : kept.filter((call) => call.method === method);
  }

  /** How many calls of a method there were. */
  count(method: string): number {
    return this.list(method).length;
  }

  clear(): void {
    this.#calls = [];
  }

  [Symbol.iterator](): Iterator<ReceivedCall> {
    return this.list()[Symbol.iterator]();
  }
}
