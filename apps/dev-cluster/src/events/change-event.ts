import { type Event, Operation } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { Metadata } from '@teleport-ts/api-types/proto/teleport/types/resource';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import { nameOf, type Resource } from '../resources.ts';
import { EVENT_KINDS } from './watched-kinds.ts';

/** A change of a resource. */
export interface ResourceChange {
  /** The resource's kind, which the resource itself may have left empty. */
  readonly kind: string;
  readonly operation: 'put' | 'delete';
  /** As it is, or as it was before it was removed. */
  readonly resource: Resource;
  /** The same with its private keys, where a watcher may ask for them. */
  readonly withSecrets?: () => Resource;
}

/** How a change is told: a resource that was written in full, of one that was removed the header alone. */
export function eventOf(change: ResourceChange, secrets: boolean): Event {
  const { kind, operation, resource } = change;
  const { member, version } = EVENT_KINDS.get(kind) as { member: string; version: string };
  if (operation === 'delete') {
    return { Type: Operation.DELETE, Resource: { $case: 'ResourceHeader', value: headerOf(change, version) } };
  }
  const value = secrets ? (change.withSecrets?.() ?? resource) : withoutSecrets(kind, resource);
  const $case = resource.SubKind === 'app_session' ? 'AppSession' : member;
  return { Type: Operation.PUT, Resource: { $case, value } as unknown as NonNullable<Event['Resource']> };
}

function headerOf({ kind, resource }: ResourceChange, Version: string): Resource {
  const { HostID = '' } = (resource as { Spec?: { HostID?: string } }).Spec ?? {};
  return {
    Kind: kind,
    // Only these two are told apart by it.
    SubKind: kind === 'cert_authority' || kind === 'web_session' ? resource.SubKind : '',
    Version,
    Metadata: Metadata.create({ Name: nameOf(resource), Namespace: 'default', Description: HostID }),
  };
}

function withoutSecrets(kind: string, resource: Resource): Resource {
  if (kind === 'user') {
    const { Spec, ...rest } = resource as UserV2;
    return { ...rest, Spec: Spec && { ...Spec, LocalAuth: undefined } } as UserV2;
  }
  if (kind !== 'web_session') return resource;
  const { Spec, ...rest } = resource as WebSessionV2;
  const none = Buffer.alloc(0);
  return {
    ...rest,
    Spec: Spec && { ...Spec, Priv: none, TLSPriv: none, SAMLSession: undefined, DeviceWebToken: undefined },
  } as WebSessionV2;
}
