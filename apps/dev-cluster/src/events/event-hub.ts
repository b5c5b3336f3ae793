import { type Event, Operation } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import type { Clock, Timer } from '../clock.ts';
import { metadataOf, type Resource } from '../resources.ts';
import type { Authorities } from '../state/authorities.ts';
import { authorityResource } from '../state/authority-resource.ts';
import type { Change } from '../store/collection.ts';
import type { Store } from '../store/store.ts';
import type { ResourceChange } from './change-event.ts';
import { EVENT_KINDS } from './watched-kinds.ts';
import { type BacklogLimits, Watcher } from './watcher.ts';

export interface EventHubOptions {
  readonly store: Store;
  readonly authorities: Authorities;
  readonly clock: Clock;
  readonly limits?: BacklogLimits;
}

const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Tells watchers what changes: every write to a collection that bears the name of a kind that can be watched, and every
 * step of an authority's rotation. There is no history; whoever comes, hears what happens from then on.
 */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #unsubscribe: readonly (() => void)[];
  #expiry: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(options: EventHubOptions) {
    const { store, authorities } = options;
    this.#options = options;
    this.#unsubscribe = [
      store.subscribe((change) => this.#stored(change)),
      authorities.subscribe((type) => {
        const resource = authorityResource(authorities, type, { secrets: false });
        const withSecrets = (): Resource => authorityResource(authorities, type, { secrets: true });
        this.#tell({ kind: 'cert_authority', operation: 'put', resource, withSecrets });
      }),
    ];
  }

  /** How many watches are open. */
  get size(): number {
    return this.#watchers.size;
  }

  /** All changes of these kinds, after a first event that confirms them. Ends when the signal is aborted. */
  async *watch(kinds: readonly WatchKind[], signal: AbortSignal): AsyncGenerator<Event> {
    const watcher = new Watcher(kinds, () => this.#options.clock.now(), this.#options.limits);
    this.#watchers.add(watcher);
    this.#awaitExpiry();
    try {
      yield confirmation(kinds);
      yield* watcher.events(signal);
    } finally {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#forgetExpiry();
    }
  }

  /** Ends all watches, as when the real one has lost touch with its backend. */
  reset(): void {
    for (const watcher of this.#watchers) watcher.end();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.reset();
    this.#forgetExpiry();
  }

  #stored({ kind, value, removed, expiresAt }: Change): void {
    if (this.#watchers.size === 0) return;
    if (expiresAt !== undefined && expiresAt < (this.#expiry?.at ?? Number.POSITIVE_INFINITY)) this.#awaitExpiry();
    if (!EVENT_KINDS.has(kind)) return;
    if (value !== undefined) this.#tell({ kind, operation: 'put', resource: value as Resource });
    else if (removed !== undefined) this.#tell({ kind, operation: 'delete', resource: removed as Resource });
  }

  #tell(change: ResourceChange): void {
    for (const watcher of this.#watchers) watcher.tell(change);
  }

  /** As long as somebody watches, what expires is removed at its time, and not only when it is asked for. */
  #awaitExpiry(): void {
    this.#forgetExpiry();
    const { store, clock } = this.#options;
    const at = store.nextExpiry();
    if (at === undefined) return;
    const timer = clock.setTimer(Math.min(Math.max(0, at - clock.now()), MAX_DELAY_MS), () => {
      store.sweep();
      this.#awaitExpiry();
    });
    this.#expiry = { at, timer };
  }

  #forgetExpiry(): void {
    this.#expiry?.timer.cancel();
    this.#expiry = undefined;
  }
}

function confirmation(kinds: readonly WatchKind[]): Event {
  const value = {
    Kind: 'watch_status',
    SubKind: '',
    Version: 'v1',
    Metadata: { ...metadataOf({ name: 'watch-status' }), Revision: '' },
    Spec: { Kinds: [...kinds] },
  };
  return { Type: Operation.INIT, Resource: { $case: 'WatchStatus', value } };
}
