import type { Clock } from '../clock.ts';
import { type Change, Collection, type CollectionOptions } from './collection.ts';
import { Journal, type JournalEntry } from './journal.ts';

const MIN_WRITES_PER_COMPACTION = 10_000;

/** Collections by kind, kept in memory and, with a data directory, in a journal. */
export class Store {
  readonly #clock: Clock;
  readonly #collections = new Map<string, Collection<never>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #journal: Journal | undefined;
  #loaded: JournalEntry[];
  #appended = 0;
  #compactAt = MIN_WRITES_PER_COMPACTION;

  constructor(options: { clock: Clock; dataDir?: string | undefined }) {
    this.#clock = options.clock;
    const opened = options.dataDir === undefined ? undefined : Journal.open(options.dataDir);
    this.#journal = opened?.journal;
    this.#loaded = opened?.entries ?? [];
  }

  /** Declares a kind and brings back what the data directory holds of it. */
  collection<T>(kind: string, options: CollectionOptions<T>): Collection<T> {
    const collection = new Collection<T>(kind, this.#clock, options, (change) => this.#changed(collection, change));
    for (const entry of this.#loaded) if (entry.kind === kind) collection.load(entry.key, entry.value);
    this.#collections.set(kind, collection as unknown as Collection<never>);
    return collection;
  }

  /** All kinds are declared: from here on writes are recorded. */
  ready(): void {
    this.#loaded = [];
    this.#compact();
  }

  /** Calls `listener` after each write; returns what ends that. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** When the next item of any kind expires, in milliseconds since 1970; undefined = none ever does. */
  nextExpiry(): number | undefined {
    const times = [...this.#collections.values()].map((collection) => collection.nextExpiry());
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** Removes what has expired, and tells about it; otherwise that happens when somebody asks for it. */
  sweep(): void {
    for (const collection of this.#collections.values()) collection.keys();
  }

  close(): void {
    this.#listeners.clear();
    this.#compact();
    this.#journal?.close();
  }

  /** Brings the journal down to what there is; the next time after as many writes again, and never for few. */
  #compact(): void {
    const entries = this.#journal ? [...this.#entries()] : [];
    this.#journal?.compact(entries);
    this.#appended = 0;
    this.#compactAt = Math.max(MIN_WRITES_PER_COMPACTION, 4 * entries.length);
  }

  #changed<T>(collection: Collection<T>, change: Change<T>): void {
    const { kind, key, value } = change;
    if (this.#journal) {
      this.#journal.append(value === undefined ? { kind, key } : { kind, key, value: collection.encode(value) });
      if (++this.#appended >= this.#compactAt) this.#compact();
    }
    for (const listener of this.#listeners) listener(change);
  }

  *#entries(): Iterable<JournalEntry> {
    for (const [kind, collection] of this.#collections) {
      for (const key of collection.keys()) {
        yield { kind, key, value: collection.encode(collection.get(key) as never) };
      }
    }
  }
}
