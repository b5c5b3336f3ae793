import type { TeleportError } from '@teleport-ts/api-types';
import type { ClientStatus } from './client-status.ts';
import { credentialsChannel } from './diagnostics.ts';

/**
 * Hands the status of one client to whoever listens.
 *
 * A listener first gets what holds now. One that reads slowly gets the latest of each sort and never what was overtaken:
 * nobody needs more than one entry per sort, and nobody holds up the client. Nothing here throws.
 */
export class StatusHub {
  readonly #now = new Latest();
  readonly #listeners = new Set<Listener>();
  #isClosed = false;

  emit(status: ClientStatus): void {
    if (this.#isClosed) return;
    this.#now.put(status);
    if (status.type === 'credentials' && credentialsChannel.hasSubscribers) {
      const { event, notAfter, cause } = status;
      credentialsChannel.publish({ event, ...(notAfter && { notAfter }), ...(cause && { code: cause.code }) });
    }
    for (const listener of this.#listeners) listener.put(status);
  }

  /** The status from now on, until the hub is closed or the signal is aborted; both just end it. */
  iterate(signal?: AbortSignal): AsyncIterable<ClientStatus> {
    return {
      [Symbol.asyncIterator]: () => {
        const listener = new Listener(this.#now, this.#listeners, signal);
        if (this.#isClosed) listener.end();
        return listener;
      },
    };
  }

  /** Says `closed` as the last word. Safe to call twice. */
  close(cause?: TeleportError): void {
    if (this.#isClosed) return;
    this.emit({ type: 'closed', ...(cause && { cause }) });
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.end();
  }
}

/** The latest of each sort, in the order in which they came. */
class Latest {
  readonly #bySort: Map<string, ClientStatus>;

  constructor(other?: Latest) {
    this.#bySort = new Map(other === undefined ? [] : other.#bySort);
  }

  put(status: ClientStatus): void {
    const sort = sortOf(status);
    this.#bySort.delete(sort);
    this.#bySort.set(sort, status);
    // A new credential has a life of its own.
    if (sort === 'credential') this.#bySort.delete('life');
  }

  take(): ClientStatus | undefined {
    const [first] = this.#bySort;
    if (!first) return undefined;
    this.#bySort.delete(first[0]);
    return first[1];
  }

  clear(): void {
    this.#bySort.clear();
  }
}

function sortOf(status: ClientStatus): string {
  switch (status.type) {
    case 'breaker':
      return `breaker ${status.endpoint}`;
    case 'credentials':
      return status.event === 'reloaded' ? 'credential' : status.event === 'invalid' ? 'files' : 'life';
    case 'version':
      return 'version';
    default:
      return 'connection';
  }
}

type Result = IteratorResult<ClientStatus, undefined>;

const DONE: Result = { done: true, value: undefined };

class Listener implements AsyncIterableIterator<ClientStatus, undefined> {
  readonly #pending: Latest;
  readonly #others: Set<Listener>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => void this.return();
  #waiting: ((result: Result) => void)[] = [];
  #ended = false;

  constructor(now: Latest, others: Set<Listener>, signal: AbortSignal | undefined) {
    this.#pending = new Latest(now);
    this.#others = others;
    this.#signal = signal;
    others.add(this);
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  put(status: ClientStatus): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ done: false, value: status });
    else this.#pending.put(status);
  }

  /** Nothing comes any more; what waits to be read may still be read. */
  end(): void {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#others.delete(this);
    for (const waiting of this.#waiting) waiting(DONE);
    this.#waiting = [];
  }

  next(): Promise<Result> {
    const value = this.#pending.take();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  return(): Promise<Result> {
    this.#pending.clear();
    this.end();
    return Promise.resolve(DONE);
  }
}
