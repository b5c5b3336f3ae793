import type { Clock } from '../clock.ts';
import type { Codec } from './codec.ts';

/** What happened to an item; `value` is absent when it was removed. */
export interface Change<T = unknown> {
  readonly kind: string;
  readonly key: string;
  readonly value?: T;
  /** When the item ceases to exist, if it does. */
  readonly expiresAt?: number | undefined;
  /** What it was, when it was removed. */
  readonly removed?: T;
}

/** Where the first of some sorted keys stands that is not below `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface CollectionOptions<T> {
  readonly codec: Codec<T>;
  /** When the item ceases to exist, in milliseconds since 1970; undefined = never. */
  readonly expiresAt?: (value: T) => number | undefined;
}

const PUTS_PER_SWEEP = 1000;

/** The items of one kind by key, in key order. An item past its expiry is not there. */
export class Collection<T> {
  readonly kind: string;
  readonly #items = new Map<string, T>();
  readonly #clock: Clock;
  readonly #options: CollectionOptions<T>;
  readonly #onChange: (change: Change<T>) => void;
  #sorted: string[] | undefined;
  #puts = 0;

  constructor(kind: string, clock: Clock, options: CollectionOptions<T>, onChange: (change: Change<T>) => void) {
    this.kind = kind;
    this.#clock = clock;
    this.#options = options;
    this.#onChange = onChange;
  }

  get(key: string): T | undefined {
    const value = this.#items.get(key);
    if (value === undefined) return undefined;
    if (!this.#isExpired(value)) return value;
    this.delete(key);
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  put(key: string, value: T): void {
    // Items that nobody asks for expire too.
    if (++this.#puts % PUTS_PER_SWEEP === 0) this.keys();
    if (!this.#items.has(key)) this.#sorted = undefined;
    this.#items.set(key, value);
    this.#onChange({ kind: this.kind, key, value, expiresAt: this.#options.expiresAt?.(value) });
  }

  delete(key: string): boolean {
    const removed = this.#items.get(key);
    if (removed === undefined) return false;
    this.#items.delete(key);
    this.#sorted = undefined;
    this.#onChange({ kind: this.kind, key, removed });
    return true;
  }

  keys(): readonly string[] {
    for (const [key, value] of this.#items) if (this.#isExpired(value)) this.delete(key);
    return this.#sortedKeys();
  }

  values(): T[] {
    return this.keys().map((key) => this.#items.get(key) as T);
  }

  /** When the next item expires, in milliseconds since 1970; undefined = none ever does. */
  nextExpiry(): number | undefined {
    const { expiresAt } = this.#options;
    if (!expiresAt) return undefined;
    let next: number | undefined;
    for (const value of this.#items.values()) {
      const at = expiresAt(value);
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** One page in key order: from `start` on, and the key at which the next page begins. */
  page(start: string, limit: number, matches: (value: T) => boolean = () => true): { items: T[]; next: string } {
    const items: T[] = [];
    const keys = this.#sortedKeys();
    for (let i = lowerBound(keys, start); i < keys.length; i++) {
      const key = keys[i] as string;
      const value = this.get(key);
      if (value === undefined || !matches(value)) continue;
      if (items.length === limit) return { items, next: key };
      items.push(value);
    }
    return { items, next: '' };
  }

  /** @internal */
  load(key: string, encoded: string | undefined): void {
    this.#sorted = undefined;
    if (encoded === undefined) this.#items.delete(key);
    else this.#items.set(key, this.#options.codec.decode(Buffer.from(encoded, 'base64')));
  }

  /** @internal */
  encode(value: T): string {
    return Buffer.from(this.#options.codec.encode(value).finish()).toString('base64');
  }

  #sortedKeys(): readonly string[] {
    this.#sorted ??= [...this.#items.keys()].sort();
    return this.#sorted;
  }

  #isExpired(value: T): boolean {
    const expiresAt = this.#options.expiresAt?.(value);
    return expiresAt !== undefined && expiresAt <= this.#clock.now();
  }
}
