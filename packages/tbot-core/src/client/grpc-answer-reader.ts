import { GrpcCode } from '@teleport-ts/api-types';
import type { RunningCall } from './grpc-call.ts';
import { GrpcFailure, isNotProcessed } from './grpc-failure.ts';

/** Why a call ended other than with status OK. */
export interface CallFailure {
  /** A GrpcFailure, or the reason of the signal that was aborted. */
  readonly error: unknown;
  /** This side gave the call up. */
  readonly local: boolean;
}

/** What a call tells of itself. */
export interface CallEvents {
  /** One whole message. Throwing a GrpcFailure ends the call with it. */
  onMessage(message: Buffer): void;
  /** Called once, last: undefined for status OK. */
  onEnd(failure: CallFailure | undefined): void;
}

/** @throws GrpcFailure `INTERNAL` when the answer is not the expected message */
export function decodeAnswer<Answer>(decode: (message: Buffer) => Answer, message: Buffer): Answer {
  try {
    return decode(message);
  } catch (cause) {
    throw new GrpcFailure(GrpcCode.INTERNAL, 'the answer is not the expected message', { cause });
  }
}

interface Waiting<Answer> {
  resolve(result: IteratorResult<Answer, undefined>): void;
  reject(error: unknown): void;
}

/**
 * The answers of one call, read as fast as their reader takes them: while nobody waits for one the stream stands still, and
 * HTTP/2's window makes the server wait.
 */
export class AnswerReader<Answer> implements AsyncIterableIterator<Answer, undefined> {
  readonly #start: (events: CallEvents) => RunningCall;
  readonly #decode: (message: Buffer) => Answer;
  readonly #held: Buffer[] = [];
  readonly #waiting: Waiting<Answer>[] = [];
  #call: RunningCall | undefined;
  #attempts = 0;
  #answered = false;
  /** How it ended; a failure is told once, then the iteration is over. */
  #end: { failure?: unknown } | undefined;

  constructor(start: (events: CallEvents) => RunningCall, decode: (message: Buffer) => Answer) {
    this.#start = start;
    this.#decode = decode;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Answer, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#deliver();
      if (this.#waiting.length === 0) return;
      if (this.#call) this.#call.stream.resume();
      else this.#open();
    });
  }

  /** Nobody reads any more: ends the call. */
  return(): Promise<IteratorResult<Answer, undefined>> {
    this.#over({}, true);
    this.#call?.abandon(new GrpcFailure(GrpcCode.CANCELLED, 'cancelled'));
    return Promise.resolve({ done: true, value: undefined });
  }

  #open(): void {
    this.#attempts += 1;
    try {
      this.#call = this.#start({
        onMessage: (message) => {
          this.#answered = true;
          this.#held.push(message);
          this.#deliver();
          if (this.#waiting.length === 0) this.#call?.stream.pause();
        },
        onEnd: (failure) => this.#ended(failure),
      });
    } catch (error) {
      this.#over({ failure: error }, true);
    }
  }

  #ended(failure: CallFailure | undefined): void {
    if (this.#end) return;
    // The server is going away and has not looked at the call: the next connection may reach its successor.
    if (failure && isNotProcessed(failure.error) && !this.#answered && this.#attempts === 1) this.#open();
    else this.#over(failure ? { failure: failure.error } : {}, failure?.local ?? false);
  }

  #over(end: { failure?: unknown }, atOnce: boolean): void {
    if (atOnce) this.#held.length = 0;
    this.#end ??= end;
    this.#deliver();
  }

  /** Gives what there is to those who wait. */
  #deliver(): void {
    while (this.#waiting.length > 0) {
      const message = this.#held.shift();
      if (!message && !this.#end) return;
      const { resolve, reject } = this.#waiting.shift()!;
      if (!message) {
        const { failure } = this.#end!;
        this.#end = {};
        if (failure === undefined) resolve({ done: true, value: undefined });
        else reject(failure);
        continue;
      }
      try {
        resolve({ done: false, value: decodeAnswer(this.#decode, message) });
      } catch (error) {
        reject(error);
        this.#over({}, true);
        this.#call?.abandon(new GrpcFailure(GrpcCode.CANCELLED, 'cancelled'));
      }
    }
  }
}
