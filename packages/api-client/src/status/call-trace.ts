import { type ErrorCode, isTeleportError } from '@teleport-ts/api-types';
import { callChannel } from './diagnostics.ts';

let latestId = 0;

/** Follows a call for those who have subscribed; undefined while nobody has. */
export function traceCall(rpc: string): CallTrace | undefined {
  return callChannel.hasSubscribers ? new CallTrace(rpc) : undefined;
}

/** Publishes the tries of one call. */
export class CallTrace {
  readonly #id: number;
  readonly #rpc: string;
  #attempt = 1;
  #startedAt = 0;
  #isRunning = false;

  constructor(rpc: string) {
    latestId += 1;
    this.#id = latestId;
    this.#rpc = rpc;
    this.#start();
  }

  again(attempt: number): void {
    this.#attempt = attempt;
    this.#start();
  }

  end(): void {
    this.#isRunning = false;
    callChannel.publish({ event: 'end', ...this.#facts(), durationMs: performance.now() - this.#startedAt });
  }

  failed(error: unknown): void {
    this.#isRunning = false;
    const durationMs = performance.now() - this.#startedAt;
    callChannel.publish({ event: 'error', ...this.#facts(), durationMs, code: codeOf(error) });
  }

  /** The reader of a stream has left. */
  left(): void {
    if (this.#isRunning) this.end();
  }

  #start(): void {
    this.#startedAt = performance.now();
    this.#isRunning = true;
    callChannel.publish({ event: 'start', ...this.#facts() });
  }

  #facts(): { id: number; rpc: string; attempt: number } {
    return { id: this.#id, rpc: this.#rpc, attempt: this.#attempt };
  }
}

/** What is no error of ours is the reason of the caller's signal. */
export function codeOf(error: unknown): ErrorCode {
  return isTeleportError(error) ? error.code : 'canceled';
}
