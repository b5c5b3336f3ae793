import type { ItemChange } from './reflector-change.ts';
import type { WatchedKind } from './watched-kind.ts';

/** Lists of a cluster may be a second behind its watch; what the watch has told in this time is newer than a list. */
const LIST_LAG_MS = 30_000;

/** The keys by which an item is found in an index. */
export type IndexKeys<T> = (item: T) => readonly string[];

/** What a reflector knows of a cluster: the items, by key and by index, and what the watch has said lately. */
export class LocalCopy<T> {
  readonly items: Map<string, T> = new Map();
  readonly #kind: WatchedKind<T>;
  readonly #indexes: ReadonlyMap<string, { readonly keys: IndexKeys<T>; readonly found: Map<string, Set<string>> }>;
  readonly #onChange: (change: ItemChange<T>) => void;
  /** When the watch told of an item last, in this order. */
  readonly #told = new Map<string, number>();

  constructor(
    kind: WatchedKind<T>,
    indexes: Readonly<Record<string, IndexKeys<T>>>,
    onChange: (change: ItemChange<T>) => void,
  ) {
    this.#kind = kind;
    this.#indexes = new Map(Object.entries(indexes).map(([name, keys]) => [name, { keys, found: new Map() }]));
    this.#onChange = onChange;
  }

  /** The items that have this key in an index; undefined when there is no such index. */
  indexed(name: string, key: string): readonly T[] | undefined {
    const index = this.#indexes.get(name);
    return index && Array.from(index.found.get(key) ?? [], (found) => this.items.get(found)!);
  }

  /** A new watch: what an earlier one said may be older than the next list. */
  beginWatch(): void {
    this.#told.clear();
  }

  watchPut(item: T, nowMs: number): void {
    const key = this.#kind.key(item);
    this.#tell(key, nowMs);
    this.#put(key, item);
  }

  watchDelete(key: string, nowMs: number): void {
    this.#tell(key, nowMs);
    this.#delete(key);
  }

  /** A list that begins now: give it all rows, then finish it. */
  beginList(nowMs: number): { add(item: T): void; finish(): void } {
    for (const [key, at] of this.#told) {
      if (at > nowMs - LIST_LAG_MS) break;
      this.#told.delete(key);
    }
    const gone = new Set(this.items.keys());
    return {
      add: (item) => {
        const key = this.#kind.key(item);
        gone.delete(key);
        if (!this.#told.has(key)) this.#put(key, item);
      },
      finish: () => {
        for (const key of gone) {
          if (!this.#told.has(key)) this.#delete(key);
        }
      },
    };
  }

  #tell(key: string, nowMs: number): void {
    this.#told.delete(key);
    this.#told.set(key, nowMs);
  }

  #put(key: string, now: T): void {
    const before = this.items.get(key);
    if (before !== undefined) {
      if (this.#kind.same(before, now)) return;
      this.#unindex(key, before);
    }
    this.items.set(key, now);
    this.#index(key, now);
    this.#onChange(before === undefined ? { type: 'add', key, now } : { type: 'update', key, before, now });
  }

  #delete(key: string): void {
    const before = this.items.get(key);
    if (before === undefined) return;
    this.items.delete(key);
    this.#unindex(key, before);
    this.#onChange({ type: 'delete', key, before });
  }

  #index(key: string, item: T): void {
    for (const { keys, found } of this.#indexes.values()) {
      for (const by of keys(item)) {
        const there = found.get(by);
        if (there) there.add(key);
        else found.set(by, new Set([key]));
      }
    }
  }

  #unindex(key: string, item: T): void {
    for (const { keys, found } of this.#indexes.values()) {
      for (const by of keys(item)) {
        const there = found.get(by);
        there?.delete(key);
        if (there?.size === 0) found.delete(by);
      }
    }
  }
}
