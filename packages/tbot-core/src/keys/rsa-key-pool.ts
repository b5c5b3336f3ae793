import { availableParallelism } from 'node:os';
import { generateKeyPair, type KeyPair } from './key-pair.ts';

/** Pairs that wait for whoever needs one. */
const STOCK = 16;

/**
 * Pairs that are made at the same time, on Node's thread pool: one core stays for the event loop, and of the four threads
 * enough are left for everything else, which would have to wait behind some 150 ms for each pair.
 */
const MAKERS = Math.max(1, Math.min(2, availableParallelism() - 1));

/** What a test may set. */
export interface RsaKeyPoolOptions {
  /** Default 16. */
  readonly stock?: number;
  /** Default: one, on machines with more than two cores two. */
  readonly makers?: number;
  readonly make?: () => Promise<KeyPair>;
}

interface Waiter {
  readonly resolve: (pair: KeyPair) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * RSA 2048 pairs in stock, since making one takes long. Each is handed out once and not kept. Nothing is made before the
 * first is asked for; from then on the stock is refilled in the background, until {@link RsaKeyPool.close}.
 */
export class RsaKeyPool {
  readonly #size: number;
  readonly #makers: number;
  readonly #make: () => Promise<KeyPair>;
  readonly #stock: KeyPair[] = [];
  readonly #waiting = new Set<Waiter>();
  #making = 0;
  #closed = false;

  constructor({ stock = STOCK, makers = MAKERS, make = () => generateKeyPair('rsa2048') }: RsaKeyPoolOptions = {}) {
    this.#size = stock;
    this.#makers = makers;
    this.#make = make;
  }

  /** A pair that nobody else has or will get; who comes first is served first. Gives up when aborted. */
  async take(signal?: AbortSignal): Promise<KeyPair> {
    signal?.throwIfAborted();
    const ready = this.#stock.shift();
    if (ready) {
      this.#fill();
      return ready;
    }
    return await new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve: (pair) => {
          signal?.removeEventListener('abort', giveUp);
          resolve(pair);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', giveUp);
          reject(error);
        },
      };
      const giveUp = (): void => {
        this.#waiting.delete(waiter);
        waiter.reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiter);
      this.#fill();
    });
  }

  /** Drops the stock. Whoever waits still gets a pair; whoever comes later gets one that is made for it. */
  close(): void {
    this.#closed = true;
    this.#stock.length = 0;
  }

  #fill(): void {
    const wanted = this.#waiting.size + (this.#closed ? 0 : this.#size - this.#stock.length);
    while (this.#making < Math.min(this.#makers, wanted)) void this.#makeOne();
  }

  async #makeOne(): Promise<void> {
    this.#making++;
    let pair: KeyPair | undefined;
    let failure: unknown;
    try {
      pair = await this.#make();
    } catch (error) {
      failure = error;
    }
    this.#making--;
    const [first] = this.#waiting;
    if (first) this.#waiting.delete(first);
    if (!pair) first?.reject(failure);
    else if (first) first.resolve(pair);
    else if (!this.#closed && this.#stock.length < this.#size) this.#stock.push(pair);
    // Where none can be made the next caller is told so; trying on for the stock would never end.
    if (pair || this.#waiting.size > 0) this.#fill();
  }
}
