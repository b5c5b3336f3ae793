import type { Event } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { Operation } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { ResourceHeader } from '@teleport-ts/api-types/proto/teleport/types/resource';

/** A resource of a change; `$case` tells which message it is: `Role`, `AccessRequest`, `AppServer`. */
export type WatchedResource = Exclude<
  NonNullable<Event['Resource']>,
  { $case: 'ResourceHeader' } | { $case: 'WatchStatus' }
>;

/** What is left of a resource that was deleted. */
export interface DeletedResource {
  readonly kind: string;
  /** The type of a certificate authority, the kind of a session; else empty. */
  readonly subKind: string;
  readonly name: string;
  /** Of a heartbeat the id of its service: `app_server`, `db_server`, `kube_server`; else empty. */
  readonly description: string;
  readonly raw: ResourceHeader;
}

/** A change that a cluster tells about. */
export type WatchEvent =
  /** It was made or changed; the whole resource comes. */
  | { readonly type: 'put'; readonly resource: WatchedResource }
  /** It is gone, deleted or expired. Deletions are not filtered: one may be of a resource that no `put` was for. */
  | { readonly type: 'delete'; readonly resource: DeletedResource }
  /** Something of a kind that this package does not know yet. */
  | { readonly type: 'unknown'; readonly raw: Event };

/** A change as it came; undefined for what tells of none. */
export function watchEvent(event: Event): WatchEvent | undefined {
  const { Type, Resource } = event;
  if (Type === Operation.INIT) return undefined;
  if (Type === Operation.DELETE && Resource?.$case === 'ResourceHeader') {
    return { type: 'delete', resource: deletedResource(Resource.value) };
  }
  const isPut = Type === Operation.PUT && Resource?.$case !== 'ResourceHeader' && Resource?.$case !== 'WatchStatus';
  if (isPut && Resource) return { type: 'put', resource: Resource };
  return { type: 'unknown', raw: event };
}

function deletedResource(header: ResourceHeader): DeletedResource {
  return {
    kind: header.Kind,
    subKind: header.SubKind,
    name: header.Metadata?.Name ?? '',
    description: header.Metadata?.Description ?? '',
    raw: header,
  };
}
