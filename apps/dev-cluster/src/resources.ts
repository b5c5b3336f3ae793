import { randomUUID } from 'node:crypto';
import type { Metadata } from '@teleport-ts/api-types/proto/teleport/types/resource';
import { fromTimestamp, toTimestamp } from './timestamps.ts';

export { fromLabelValues, labelValues } from '@teleport-ts/api-types/resources/labels';

/** What all resources of the older API have in common. */
export interface Resource {
  Kind: string;
  SubKind: string;
  Version: string;
  Metadata: Metadata | undefined;
}

export interface MetadataFields {
  readonly name: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
}

/** Metadata with a fresh revision. */
export function metadataOf(fields: MetadataFields): Metadata {
  return {
    Name: fields.name,
    Namespace: 'default',
    Description: fields.description ?? '',
    Labels: new Map(Object.entries(fields.labels ?? {})),
    Expires: fields.expiresAt === undefined ? undefined : toTimestamp(fields.expiresAt),
    Revision: randomUUID(),
  };
}

export const nameOf = (resource: Resource): string => resource.Metadata?.Name ?? '';
export const revisionOf = (resource: Resource): string => resource.Metadata?.Revision ?? '';

/** When a resource ceases to exist; 1970 is a time like any other here, an absent one means never. */
export const expiresAt = (resource: Resource): number | undefined => fromTimestamp(resource.Metadata?.Expires);

/** The resource as it is stored: a name there must be, the namespace is the default one, the revision is new. */
export function stamped<R extends Resource>(resource: R): R {
  const given = resource.Metadata;
  const metadata: Metadata = given
    ? { ...given, Namespace: given.Namespace || 'default', Revision: randomUUID() }
    : metadataOf({ name: '' });
  return { ...resource, Metadata: metadata };
}
