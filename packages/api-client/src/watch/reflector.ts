import { type ErrorCode, isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { Caller } from '../calls/caller.ts';
import { type Clock, systemClock } from '../clock.ts';
import { pause, scope } from '../dialing/scope.ts';
import { ChangeQueue } from './change-queue.ts';
import { type IndexKeys, LocalCopy } from './local-copy.ts';
import type { ReflectorChange } from './reflector-change.ts';
import { openWatch, type Watch } from './watch.ts';
import { newWatchId } from './watch-trace.ts';
import type { WatchedKind } from './watched-kind.ts';

const RESYNC_MS = 300_000;
/** Many programs that began together must not list together. */
const RESYNC_SPREAD = 0.2;
const BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;
const LIST_MS = 60_000;

/** What {@link reflector} takes. */
export interface ReflectorOptions<T> {
  /** Keys by which items can be found besides their own: `{ byUser: (request) => [request.user] }`. */
  readonly indexes?: Readonly<Record<string, IndexKeys<T>>>;
  /**
   * How often everything is listed again although the watch is open, in milliseconds, ± 20 %: nothing in the protocol tells
   * that a change was lost. Default 5 minutes; 0 is never.
   */
  readonly resyncMs?: number;
  /** For listing, for each page. Default 60 seconds. */
  readonly listTimeoutMs?: number;
  /** Whether the process lives on for the reflector when nothing else is left to do. Default true. */
  readonly keepAlive?: boolean;
  /** Ends the reflector. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/**
 * A copy of all resources of a kind that follows the cluster: it watches, lists, and after each break does both again. It
 * ends only when it is closed, when its signal is aborted, or of what no retry mends, such as a missing right.
 *
 * ```ts
 * await using roles = reflector(client, watchedRoles());
 * await roles.synced({ timeoutMs: 10_000 });
 * console.log(roles.get('deployer'), roles.size);
 * for await (const change of roles.changes()) console.log(change.type);
 * ```
 */
export function reflector<T>(client: Caller, kind: WatchedKind<T>, options: ReflectorOptions<T> = {}): Reflector<T> {
  return new Reflector(client, kind, options);
}

/** See {@link reflector}. */
export class Reflector<T> implements AsyncDisposable {
  readonly #client: Caller;
  readonly #kind: WatchedKind<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #copy: LocalCopy<T>;
  readonly #readers = new Set<ChangeQueue<T>>();
  readonly #ending = new AbortController();
  readonly #watchId = newWatchId();
  readonly #running: Promise<void>;
  #isSynced = false;
  /** Why it ended; `undefined` in it when it was closed. */
  #end: { readonly error: unknown } | undefined;
  #waiting: { resolve(): void; reject(error: unknown): void }[] = [];

  /** @internal use {@link reflector} */
  constructor(client: Caller, kind: WatchedKind<T>, options: ReflectorOptions<T>) {
    const { clock = systemClock, random = Math.random, indexes = {}, signal } = options;
    this.#client = client;
    this.#kind = kind;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#copy = new LocalCopy(kind, indexes, (change) => this.#tell(change));
    const onAbort = (): void => this.#ending.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    this.#running = this.#run().finally(() => signal?.removeEventListener('abort', onAbort));
  }

  /** Whether the copy is, as far as anybody can tell, what the cluster has now. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  get size(): number {
    return this.#copy.items.size;
  }

  get(key: string): T | undefined {
    return this.#copy.items.get(key);
  }

  keys(): MapIterator<string> {
    return this.#copy.items.keys();
  }

  values(): MapIterator<T> {
    return this.#copy.items.values();
  }

  /**
   * The items that have this key in an index.
   *
   * @throws TeleportError `bad_parameter` when the reflector was made without this index
   */
  index(name: string, key: string): readonly T[] {
    const found = this.#copy.indexed(name, key);
    if (!found) throw new TeleportError('bad_parameter', `the reflector has no index ${name}`);
    return found;
  }

  /**
   * Settles when the copy is what the cluster has: after the first list, and during a gap when that is closed.
   *
   * @throws TeleportError why the reflector ended; `timeout`; or the reason of `signal`
   */
  async synced({ signal, timeoutMs = 0 }: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.#end) throw this.#end.error ?? closedError();
    if (this.#isSynced) return;
    const limit = timeoutMs > 0 ? scope(this.#clock, timeoutMs, signal) : undefined;
    const ended = limit?.signal ?? signal;
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
        onAbort = () => reject(limit?.timedOut ? lateError(timeoutMs) : signal?.reason);
        ended?.addEventListener('abort', onAbort, { once: true });
      });
    } finally {
      if (onAbort) ended?.removeEventListener('abort', onAbort);
      limit?.end();
    }
  }

  /**
   * What happens to the copy, beginning with an `add` for each item that is there already. Each reader has its own; one who
   * is slow gets several changes of an item as one. It ends when the reflector is closed, and throws why it ended otherwise.
   */
  async *changes({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ReflectorChange<T>, void, undefined> {
    const queue = new ChangeQueue<T>();
    for (const [key, now] of this.#copy.items) queue.push({ type: 'add', key, now });
    if (this.#isSynced) queue.push({ type: 'synced' });
    if (this.#end) queue.finish(this.#end.error);
    else this.#readers.add(queue);
    try {
      yield* queue.read(signal);
    } finally {
      this.#readers.delete(queue);
    }
  }

  /** Ends the watch and all loops over {@link changes}. Safe to call twice. */
  async close(): Promise<void> {
    this.#ending.abort(closedError());
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#session(attempt, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return this.#finish(this.#options.signal?.aborted ? signal.reason : undefined);
        const cause = isTeleportError(error)
          ? error
          : new TeleportError('unknown', error instanceof Error ? error.message : String(error), { cause: error });
        if (isFinal(cause)) return this.#finish(cause);
        if (this.#isSynced) {
          this.#isSynced = false;
          this.#tell({ type: 'disconnected', cause });
        }
        const limitMs = Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** Math.min(failures, 16));
        failures += 1;
        await pause(this.#clock, this.#random() * limitMs, signal, this.#options.keepAlive);
        if (signal.aborted) return this.#finish(this.#options.signal?.aborted ? signal.reason : undefined);
      }
    }
  }

  /** One watch, from its beginning to its break; never settles otherwise than by throwing. */
  async #session(attempt: number, onSynced: () => void): Promise<never> {
    const { watched } = this.#kind;
    const { clock, keepAlive = true } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#ending.signal, over.signal]);
    signal.throwIfAborted();
    const changes = await openWatch(
      this.#client,
      [watched],
      // The waiting between the tries is ours.
      { signal, retry: false, keepAlive, ...(clock && { clock }) },
      { id: this.#watchId, attempt },
    );
    this.#copy.beginWatch();
    try {
      return await Promise.race([this.#follow(changes), this.#listAgainAndAgain(signal, onSynced)]);
    } finally {
      over.abort(closedError());
      await changes.close();
    }
  }

  async #follow(changes: Watch): Promise<never> {
    for await (const change of changes) {
      const nowMs = this.#clock.now();
      if (change.type === 'put') {
        const item = this.#kind.from(change.resource);
        if (item !== undefined) this.#copy.watchPut(item, nowMs);
      } else if (change.type === 'delete' && change.resource.kind === this.#kind.watched.kind) {
        this.#copy.watchDelete(this.#kind.deletedKey(change.resource), nowMs);
      }
    }
    throw closedError();
  }

  async #listAgainAndAgain(signal: AbortSignal, onSynced: () => void): Promise<never> {
    const { resyncMs = RESYNC_MS, listTimeoutMs = LIST_MS } = this.#options;
    for (;;) {
      const list = this.#copy.beginList(this.#clock.now());
      const rows = await this.#kind.list(this.#client, { signal, timeoutMs: listTimeoutMs });
      for await (const row of rows) list.add(row);
      signal.throwIfAborted();
      list.finish();
      onSynced();
      this.#saySynced();
      const waitMs = resyncMs * (1 + RESYNC_SPREAD * (2 * this.#random() - 1));
      if (resyncMs > 0) await pause(this.#clock, waitMs, signal, this.#options.keepAlive);
      else await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      signal.throwIfAborted();
    }
  }

  #saySynced(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#tell({ type: 'synced' });
  }

  #finish(error: unknown): void {
    this.#isSynced = false;
    this.#end = { error };
    for (const { reject } of this.#waiting) reject(error ?? closedError());
    this.#waiting = [];
    for (const queue of this.#readers) queue.finish(error);
    this.#readers.clear();
  }

  #tell(change: ReflectorChange<T>): void {
    for (const queue of this.#readers) queue.push(change);
  }
}

/** Codes that may pass although the call itself said that it need not be tried again: a new credential may come. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'unknown',
  'expired',
  'limit_exceeded',
  'timeout',
  'connection_problem',
]);

function isFinal(error: TeleportError): boolean {
  return !error.retryable && !PASSING.has(error.code);
}

function closedError(): TeleportError {
  return new TeleportError('canceled', 'the reflector is closed');
}

function lateError(timeoutMs: number): TeleportError {
  return new TeleportError('timeout', `the reflector was not synced within ${timeoutMs} ms`, { retryable: true });
}
