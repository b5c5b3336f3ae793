import { type Rate, TokenBucket } from './token-bucket.ts';

/** The limits of one socket; what is absent is unlimited. */
export interface RequestLimits {
  /** All callers of the socket together. */
  rate?: Rate;
  /** Each uid by itself. */
  ratePerUser?: Rate;
  /** Streams open at one time, and as many calls in flight beside them: who holds streams keeps nobody from calling. */
  streams?: number;
}

/** Whether a call may go on; `release` must be called when it ends. */
export type Passage = { ok: true; release: () => void } | { ok: false; message: string; retryAfterMs: number };

/** Beyond this many users, buckets that have filled up again are dropped. */
const SWEEP_ABOVE = 1024;

/** Counts the calls of one socket against its limits. A refused call takes no token from anybody. */
export class RequestLimiter {
  readonly #limits: RequestLimits;
  readonly #now: () => number;
  readonly #socket: TokenBucket | undefined;
  readonly #users = new Map<number, TokenBucket>();
  readonly #calls = { open: 0, what: 'calls are in flight' };
  readonly #streams = { open: 0, what: 'streams are open' };

  constructor(limits: RequestLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#socket = limits.rate && new TokenBucket(limits.rate, now());
  }

  get inFlight(): number {
    return this.#calls.open;
  }

  get streams(): number {
    return this.#streams.open;
  }

  /**
   * For a call that has one answer.
   *
   * @param uid of the caller; -1 for callers that the system does not name, who share one bucket
   */
  enter(uid: number): Passage {
    return this.#enter(uid, this.#calls);
  }

  /** For a stream; what it asks for later on is counted by {@link enter}. */
  open(uid: number): Passage {
    return this.#enter(uid, this.#streams);
  }

  #enter(uid: number, places: { open: number; readonly what: string }): Passage {
    const nowMs = this.#now();
    if (this.#limits.streams !== undefined && places.open >= this.#limits.streams) {
      return { ok: false, message: `${places.open} ${places.what} on this socket`, retryAfterMs: 1000 };
    }
    const user = this.#userBucket(uid, nowMs);
    const userWaitMs = user?.waitMs(nowMs) ?? 0;
    if (userWaitMs > 0) {
      const rate = this.#limits.ratePerUser!;
      return {
        ok: false,
        message: `more than ${rate.perSecond} requests a second by one user`,
        retryAfterMs: userWaitMs,
      };
    }
    const socketWaitMs = this.#socket?.waitMs(nowMs) ?? 0;
    if (socketWaitMs > 0) {
      const rate = this.#limits.rate!;
      return { ok: false, message: `more than ${rate.perSecond} requests a second`, retryAfterMs: socketWaitMs };
    }
    user?.take();
    this.#socket?.take();
    places.open += 1;
    let released = false;
    return {
      ok: true,
      release: () => {
        if (!released) places.open -= 1;
        released = true;
      },
    };
  }

  #userBucket(uid: number, nowMs: number): TokenBucket | undefined {
    const rate = this.#limits.ratePerUser;
    if (!rate) return undefined;
    let bucket = this.#users.get(uid);
    if (!bucket) {
      if (this.#users.size >= SWEEP_ABOVE) {
        for (const [key, other] of this.#users) if (other.isFull(nowMs)) this.#users.delete(key);
      }
      bucket = new TokenBucket(rate, nowMs);
      this.#users.set(uid, bucket);
    }
    return bucket;
  }
}
