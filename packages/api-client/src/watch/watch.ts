import { TeleportError } from '@teleport-ts/api-types';
import { Event, Operation, Watch as WatchRequest } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import { authMethods, serverStream } from '../areas/auth-methods.ts';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type WatchEvent, watchEvent } from './watch-event.ts';
import { newWatchId, WatchTrace } from './watch-trace.ts';

const RPC = '/proto.AuthService/WatchEvents';
const INIT_MS = 15_000;
const Watching = authMethods({ watchEvents: serverStream('WatchEvents', WatchRequest, Event) });

/** What to watch. */
export interface WatchedKindFields {
  /** `role`, `access_request`, `app_server`, … */
  readonly kind: string;
  readonly subKind?: string;
  /** Only what has this name, where the kind knows of names. */
  readonly name?: string;
  /**
   * Depends on the kind. `access_request`: `id`, `user`, `state`; `cert_authority`: cluster names (or `*`) by type. What a
   * filter does not let through is passed over in silence, deletions are not filtered.
   */
  readonly filter?: Readonly<Record<string, string>>;
  /** With private keys and the like; needs the right to read them. */
  readonly loadSecrets?: boolean;
}

/** What {@link watch} takes; `signal` ends the watch, `timeoutMs` is for its beginning, 15 s by default. */
export interface WatchOptions extends Pick<CallOptions, 'signal' | 'timeoutMs' | 'metadata' | 'retry' | 'keepAlive'> {
  /** Watch those kinds that the caller may read, instead of being refused all of them. Default false. */
  readonly partial?: boolean;
  readonly clock?: Clock;
}

/** What {@link reflector} says of the stream that it opens. */
export interface WatchStream {
  readonly id: number;
  readonly attempt: number;
}

/**
 * The changes of a cluster's resources from now on, as the cluster tells of them. It resolves when the cluster has
 * confirmed the watch: what changes after that is told. There is no state to begin with and nothing to resume from; for
 * both there is {@link reflector}.
 *
 * ```ts
 * await using changes = await watch(client, ['role', { kind: 'access_request', filter: { user: 'alice' } }]);
 * for await (const change of changes) {
 *   if (change.type === 'put' && change.resource.$case === 'Role') console.log(change.resource.value.Metadata?.Name);
 * }
 * ```
 *
 * Leaving the loop ends the watch. The loop never just ends by itself: it throws when the stream breaks, a `retryable`
 * TeleportError. A reader who is slow for a minute loses the stream.
 *
 * @throws TeleportError `access_denied` for a kind that the caller may not read, unless `partial`; `bad_parameter` when a
 *   kind cannot be watched; `timeout` when the cluster does not confirm
 */
export async function watch(
  client: Caller,
  kinds: readonly (string | WatchedKindFields)[],
  options: WatchOptions = {},
): Promise<Watch> {
  return openWatch(client, kinds, options, { id: newWatchId(), attempt: 1 });
}

/** {@link watch}, as one of several streams of the same watch. */
export async function openWatch(
  client: Caller,
  kinds: readonly (string | WatchedKindFields)[],
  options: WatchOptions,
  { id, attempt }: WatchStream,
): Promise<Watch> {
  const {
    signal,
    timeoutMs = INIT_MS,
    clock = systemClock,
    partial = false,
    metadata,
    retry,
    keepAlive = true,
  } = options;
  signal?.throwIfAborted();
  const asked = kinds.map(watchKind);
  const trace = new WatchTrace(
    id,
    asked.map(({ Kind }) => Kind),
    attempt,
  );
  const ending = new AbortController();
  const onAbort = (): void => ending.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const late = new TeleportError('timeout', `the cluster did not confirm the watch within ${timeoutMs} ms`, {
    rpc: RPC,
    retryable: true,
  });
  const limit = timeoutMs > 0 ? clock.setTimer(timeoutMs, () => ending.abort(late)) : undefined;
  let events: AsyncIterator<Event> | undefined;
  try {
    events = client
      .service(Watching)
      .watchEvents(
        { Kinds: asked, AllowPartialSuccess: partial },
        { signal: ending.signal, keepAlive, ...(metadata && { metadata }), ...(retry !== undefined && { retry }) },
      )
      [Symbol.asyncIterator]();
    const first = await events.next();
    if (first.done) throw endedError();
    return new Watch({
      events,
      confirmed: confirmedKinds(first.value),
      end: (reason) => ending.abort(reason),
      over: () => signal?.removeEventListener('abort', onAbort),
      trace,
    });
  } catch (error) {
    signal?.removeEventListener('abort', onAbort);
    trace.failed(error);
    ending.abort(error);
    await events?.return?.();
    throw error;
  } finally {
    limit?.cancel();
  }
}

interface WatchParts {
  readonly events: AsyncIterator<Event>;
  readonly confirmed: readonly WatchedKindFields[];
  readonly end: (reason: Error) => void;
  readonly over: () => void;
  readonly trace: WatchTrace;
}

/** An open watch, see {@link watch}. It can be read once, by one reader. */
export class Watch implements AsyncIterable<WatchEvent>, AsyncDisposable {
  /** The kinds that the cluster tells about: with `partial` maybe not all. */
  readonly confirmed: readonly WatchedKindFields[];
  readonly #parts: WatchParts;
  #isRead = false;
  #isClosed = false;

  /** @internal use {@link watch} */
  constructor(parts: WatchParts) {
    this.confirmed = parts.confirmed;
    this.#parts = parts;
  }

  // Not a generator: those take three turns of the microtask queue for each event, on top of those below.
  [Symbol.asyncIterator](): AsyncIterator<WatchEvent, undefined> {
    if (this.#isRead) throw new TeleportError('bad_parameter', 'a watch can be read once', { rpc: RPC });
    this.#isRead = true;
    const { events, trace } = this.#parts;
    const failed = async (error: unknown): Promise<IteratorResult<WatchEvent, undefined>> => {
      if (this.#isClosed) return { done: true, value: undefined };
      trace.failed(error);
      await this.close();
      throw error;
    };
    const came = (
      result: IteratorResult<Event>,
    ): IteratorResult<WatchEvent, undefined> | Promise<IteratorResult<WatchEvent, undefined>> => {
      if (this.#isClosed) return { done: true, value: undefined };
      if (result.done) return failed(endedError());
      const event = watchEvent(result.value);
      if (!event) return next();
      trace.events += 1;
      return { done: false, value: event };
    };
    const next = (): Promise<IteratorResult<WatchEvent, undefined>> => events.next().then(came, failed);
    return {
      next: () => (this.#isClosed ? Promise.resolve({ done: true, value: undefined }) : next()),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /** Ends the watch; a loop over it ends. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { events, end, over, trace } = this.#parts;
    trace.end();
    over();
    const closed = new TeleportError('canceled', 'the watch is closed', { rpc: RPC });
    end(closed);
    // A reader that waits is told by the loop; here only the call below must come to its end.
    await events.return?.().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function watchKind(fields: string | WatchedKindFields): WatchKind {
  const {
    kind,
    subKind = '',
    name = '',
    filter = {},
    loadSecrets = false,
  } = typeof fields === 'string' ? { kind: fields } : fields;
  return {
    Kind: kind,
    SubKind: subKind,
    Name: name,
    Filter: new Map(Object.entries(filter)),
    LoadSecrets: loadSecrets,
    Version: '',
  };
}

/** What the first event says: nothing before it may be relied on. */
function confirmedKinds(first: Event): WatchedKindFields[] {
  if (first.Type !== Operation.INIT) {
    throw new TeleportError('unknown', 'the cluster began a watch without confirming it', { rpc: RPC });
  }
  const status = first.Resource?.$case === 'WatchStatus' ? first.Resource.value : undefined;
  return (status?.Spec?.Kinds ?? []).map(({ Kind, SubKind, Name, Filter, LoadSecrets }) => ({
    kind: Kind,
    subKind: SubKind,
    name: Name,
    filter: Object.fromEntries(Filter),
    loadSecrets: LoadSecrets,
  }));
}

/** A cluster ends the streams of slow readers, and all when its cache begins anew, with status OK (seen on an 18.0.0). */
function endedError(): TeleportError {
  return new TeleportError('connection_problem', 'the cluster ended the watch', {
    rpc: RPC,
    retryable: true,
    hint: 'changes may have been missed: list what is watched again',
  });
}
