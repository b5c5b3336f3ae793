import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Metadata, ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import type { Clock, Timer } from '@teleport-ts/tbot-core';

/** How long a caller may take to send its request: it is a few kilobytes on one machine. */
const REQUEST_MS = 10_000;
/** How long a caller may take to read its answer. */
const ANSWER_MS = 30_000;
/** How often somebody looks. */
const LOOK_MS = 5_000;
/** Longest metadata of a call. A caller of ours has less than 200 bytes; packed headers of as many unpack to half a MiB. */
const LONGEST_METADATA = 8 * 1024;
/** How many calls may wait for their callers, of one user and of all; the oldest make room for more. */
const MOST_WAITING = { perUser: 4096, total: 8192 };
/** How many of them at a time. */
const CUT_AT_ONCE = 256;

interface OpenCall {
  readonly openedMs: number;
  readonly uid: number;
  /** Answers come as long as the call lives; only what is left at its end must be read. */
  readonly isStream: boolean;
  /** Since when there has been something to read. */
  unreadSinceMs?: number;
}

/**
 * Ends the calls of whoever neither finishes a request nor reads an answer, soon where they are many, so that they cost
 * nobody's memory, and keeps half a request from being answered. grpc-js knows the deadline of a caller alone, and leaves
 * the HTTP/2 stream of a call that is over to the caller.
 */
export class SlowCallers {
  readonly #clock: Clock;
  readonly #uidOf: (peer: string) => number;
  /** In the order of opening. */
  readonly #open = new Map<ServerHttp2Stream, OpenCall>();
  readonly #perUser = new Map<number, number>();
  #look: Timer | undefined;

  /** @param uidOf the caller by what grpc-js's `getPeer()` says */
  constructor(clock: Clock, uidOf: (peer: string) => number) {
    this.#clock = clock;
    this.#uidOf = uidOf;
  }

  /** Calls that are not over yet, whether they have been answered or not. */
  get size(): number {
    return this.#open.size;
  }

  /** Sees every call that begins; changes none. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    // Not in the types of grpc-js, which has no other way to end a call whose caller does not.
    const { stream, metadata } = call as unknown as { stream?: ServerHttp2Stream; metadata?: Metadata };
    if (!stream || stream.destroyed) return call as ServerInterceptingCall;
    if (metadata && isLong(metadata)) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    else this.#watch(stream, method.responseStream, this.#uidOf(call.getPeer()));
    return call as ServerInterceptingCall;
  };

  #watch(stream: ServerHttp2Stream, isStream: boolean, uid: number): void {
    this.#open.set(stream, { openedMs: this.#clock.now(), uid, isStream });
    const ofUser = (this.#perUser.get(uid) ?? 0) + 1;
    this.#perUser.set(uid, ofUser);
    if (ofUser > MOST_WAITING.perUser) this.#makeRoom(stream, uid);
    else if (this.#open.size > MOST_WAITING.total) this.#makeRoom(stream);
    stream.once('close', () => this.#forget(stream));
    // What comes of a stream that was cut off ends too, and grpc-js would take that for the end of a request.
    stream.once('aborted', () => stream.removeAllListeners('end'));
    this.#look ??= this.#clock.setTimer(LOOK_MS, () => this.#sweep());
  }

  #forget(stream: ServerHttp2Stream): void {
    const call = this.#open.get(stream);
    if (!call) return;
    this.#open.delete(stream);
    const left = (this.#perUser.get(call.uid) ?? 1) - 1;
    if (left > 0) this.#perUser.set(call.uid, left);
    else this.#perUser.delete(call.uid);
  }

  /** Ends the oldest calls that wait for their callers. What the agent itself still works on is left alone. */
  #makeRoom(newest: ServerHttp2Stream, uid?: number): void {
    let left = CUT_AT_ONCE;
    for (const [stream, call] of this.#open) {
      if (stream === newest || left === 0) return;
      if (uid !== undefined && call.uid !== uid) continue;
      if (stream.readableEnded && !isUnread(stream, call)) continue;
      this.#forget(stream);
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      left -= 1;
    }
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
  if (!isUnread(stream, call)) {
    delete call.unreadSinceMs;
    return false;
  }
  call.unreadSinceMs ??= nowMs;
  return nowMs - call.unreadSinceMs >= ANSWER_MS;
}

/** Whether there is something that the caller has not read, and nothing more will come. */
function isUnread(stream: ServerHttp2Stream, { isStream }: OpenCall): boolean {
  return stream.writableEnded ? !stream.writableFinished : !isStream && stream.writableLength > 0;
}

function isLong(metadata: Metadata): boolean {
  let length = 0;
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) length += name.length + value.length;
  }
  return length > LONGEST_METADATA;
}
