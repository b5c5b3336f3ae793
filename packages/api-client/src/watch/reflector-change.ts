import type { TeleportError } from '@teleport-ts/api-types';

/** What has happened to the copy of a reflector. */
export type ReflectorChange<T> =
  | { readonly type: 'add'; readonly key: string; readonly now: T }
  | { readonly type: 'update'; readonly key: string; readonly before: T; readonly now: T }
  | { readonly type: 'delete'; readonly key: string; readonly before: T }
  /** The copy is what the cluster has; after a gap too. */
  | { readonly type: 'synced' }
  /** The stream broke: until `synced` the copy is as it was. */
  | { readonly type: 'disconnected'; readonly cause: TeleportError };

/** A change of one item. */
export type ItemChange<T> = Extract<ReflectorChange<T>, { readonly key: string }>;

/** Two changes of the same item as one; undefined when nothing is left of them. */
export function merged<T>(first: ItemChange<T>, second: ItemChange<T>): ItemChange<T> | undefined {
  const { key } = first;
  if (second.type === 'delete') {
    return first.type === 'add' ? undefined : { type: 'delete', key, before: before(first, second) };
  }
  if (first.type === 'add') return { type: 'add', key, now: second.now };
  return { type: 'update', key, before: first.before, now: second.now };
}

function before<T>(first: ItemChange<T>, second: { readonly before: T }): T {
  return first.type === 'add' ? second.before : first.before;
}
