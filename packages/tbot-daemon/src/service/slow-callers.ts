import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import type { Clock, Timer } from '@teleport-ts/tbot-core';

/** How long a caller may take to send its request: it is a few kilobytes on one machine. */
const REQUEST_MS = 10_000;
/** How long a caller may take to read its answer. */
const ANSWER_MS = 30_000;
/** How often somebody looks. */
const LOOK_MS = 5_000;

interface OpenCall {
  readonly openedMs: number;
  /** Answers come as long as the call lives; only what is left at its end must be read. */
  readonly isStream: boolean;
  /** Since when there has been something to read. */
  unreadSinceMs?: number;
}

/**
 * Ends the calls of whoever neither finishes a request nor reads an answer, so that they cost nobody's memory, and keeps
 * half a request from being answered. grpc-js knows the deadline of a caller alone, and leaves the HTTP/2 stream of a call
 * that is over to the caller.
 */
export class SlowCallers {
  readonly #clock: Clock;
  readonly #open = new Map<ServerHttp2Stream, OpenCall>();
  #look: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls that are not over yet, whether they have been answered or not. */
  get size(): number {
    return this.#open.size;
  }

  /** Sees every call that begins; changes none. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    // Not in the types of grpc-js, which has no other way to end a call whose caller does not.
    const { stream } = call as unknown as { stream?: ServerHttp2Stream };
    if (stream && !stream.destroyed) this.#watch(stream, method.responseStream);
    return call as ServerInterceptingCall;
  };

  #watch(stream: ServerHttp2Stream, isStream: boolean): void {
    this.#open.set(stream, { openedMs: this.#clock.now(), isStream });
    stream.once('close', () => this.#open.delete(stream));
    // What comes of a stream that was cut off ends too, and grpc-js would take that for the end of a request.
    stream.once('aborted', () => stream.removeAllListeners('end'));
    this.#look ??= this.#clock.setTimer(LOOK_MS, () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#clock.now();
    for (const [stream, call] of this.#open) {
      if (isStuck(stream, call, nowMs)) stream.close(constants.NGHTTP2_CANCEL);
    }
    this.#look = this.#open.size > 0 ? this.#clock.setTimer(LOOK_MS, () => this.#sweep()) : undefined;
  }

  close(): void {
    this.#look?.cancel();
  }
}

function isStuck(stream: ServerHttp2Stream, call: OpenCall, nowMs: number): boolean {
  if (!stream.readableEnded && nowMs - call.openedMs >= REQUEST_MS) return true;
  const unread = stream.writableEnded ? !stream.writableFinished : !call.isStream && stream.writableLength > 0;
  if (!unread) {
    delete call.unreadSinceMs;
    return false;
  }
  call.unreadSinceMs ??= nowMs;
  return nowMs - call.unreadSinceMs >= ANSWER_MS;
}
