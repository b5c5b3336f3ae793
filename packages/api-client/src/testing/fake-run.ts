import { GrpcCode } from '@teleport-ts/api-types';
import type { Clock, Timer } from '../clock.ts';

/** How a call ends that does not end well, as grpc-js says it. */
export class FakeStatus extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string, cause?: unknown) {
    super(`${code}: ${details}`, { cause });
    this.code = code;
    this.details = details;
  }
}

/** A call on its way: ends by its deadline, or when it is called off. */
export class FakeRun {
  readonly #controller = new AbortController();
  readonly #timer: Timer | undefined;
  readonly #onEnd: (status: FakeStatus) => void;

  /** @param deadline as grpc-js takes it, by the machine's time; how long is left runs by `clock` */
  constructor(clock: Clock, deadline: unknown, onEnd: (status: FakeStatus) => void) {
    this.#onEnd = onEnd;
    if (typeof deadline !== 'number') return;
    this.#timer = clock.setTimer(Math.max(0, deadline - Date.now()), () =>
      this.#end(new FakeStatus(GrpcCode.DEADLINE_EXCEEDED, 'Deadline exceeded')),
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(): void {
    this.#end(new FakeStatus(GrpcCode.CANCELLED, 'Cancelled on client'));
  }

  /** It is over: frees the timer. */
  finish(): void {
    this.#timer?.cancel();
    this.#controller.abort();
  }

  #end(status: FakeStatus): void {
    if (this.#controller.signal.aborted) return;
    this.finish();
    this.#onEnd(status);
  }
}
