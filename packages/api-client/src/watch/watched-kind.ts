import { isDeepStrictEqual } from 'node:util';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import type { WatchedKindFields } from './watch.ts';
import type { DeletedResource, WatchedResource } from './watch-event.ts';

/**
 * What a reflector must know of a kind of resource: how it is listed, and how its changes are told. Those of this package
 * are made by functions such as `watchedRoles()`; a program can write others.
 */
export interface WatchedKind<T> {
  /** What is watched. */
  readonly watched: WatchedKindFields;
  /** All of them, narrowed as the watch is. */
  list(client: Caller, options: CallOptions): AsyncIterable<T> | Promise<Iterable<T>>;
  /** The resource of a change; undefined when it is none of these. */
  from(resource: WatchedResource): T | undefined;
  /** What tells it from all others of its kind. */
  key(item: T): string;
  /** The same of a deleted one. */
  deletedKey(deleted: DeletedResource): string;
  /** Whether nothing has changed from one to the other. */
  same(one: T, other: T): boolean;
}

/** Compares by revision, and where the cluster gives none by content. */
export function sameRevision(
  one: { readonly revision: string; readonly raw: unknown },
  other: { readonly revision: string; readonly raw: unknown },
): boolean {
  if (one.revision !== '' && other.revision !== '') return one.revision === other.revision;
  return isDeepStrictEqual(one.raw, other.raw);
}
