import type { Timestamp } from '../gen/google/protobuf/timestamp.ts';
import { Metadata } from '../gen/teleport/types/resource.ts';
import { fromTimestamp, toTimestamp } from '../timestamp.ts';

/** What all resources of the older API are on the wire, beside their specification. */
export interface ResourceMessage {
  readonly Kind: string;
  readonly SubKind: string;
  readonly Version: string;
  readonly Metadata: Metadata | undefined;
}

/** What all views have: a resource in the terms of its YAML, flat and read-only. */
export interface ResourceView<M> {
  readonly kind: string;
  readonly subKind: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  /** When it ceases to exist; undefined: never. */
  readonly expires: Date | undefined;
  /** Of the stored resource. An update that carries an older one is refused with `compare_failed`. */
  readonly revision: string;
  /** The message itself, with what the view leaves out. */
  readonly raw: M;
}

/**
 * What all resources are made of. A view can be spread into it: then what the view does not show is kept, since `raw` is
 * what the fields are written onto.
 */
export interface ResourceFields<M> {
  readonly name: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** When it ceases to exist. Default: never. */
  readonly expires?: Date | undefined;
  /** As it was read; for an update. */
  readonly revision?: string;
  /** What the fields are written onto. Default: nothing. */
  readonly raw?: M;
}

/** The part of a view that all kinds have. */
export function resourceView<M extends ResourceMessage>(message: M): ResourceView<M> {
  const metadata = message.Metadata;
  return {
    kind: message.Kind,
    subKind: message.SubKind,
    version: message.Version,
    name: metadata?.Name ?? '',
    description: metadata?.Description ?? '',
    labels: Object.fromEntries(metadata?.Labels ?? []),
    expires: fromTimestamp(metadata?.Expires),
    revision: metadata?.Revision ?? '',
    raw: message,
  };
}

/** The metadata of fields, written onto those of the message that they come from. */
export function metadataFrom(fields: ResourceFields<ResourceMessage>): Metadata {
  const before = fields.raw?.Metadata ?? Metadata.create();
  return {
    ...before,
    Name: fields.name,
    Description: fields.description ?? before.Description,
    Labels: fields.labels ? new Map(Object.entries(fields.labels)) : before.Labels,
    Expires: 'expires' in fields ? timestampFrom(fields.expires, before.Expires) : before.Expires,
    Revision: fields.revision ?? before.Revision,
  };
}

/** A date as a timestamp; the one before where it is of the same millisecond, since a date has nothing below. */
export function timestampFrom(date: Date | undefined, before?: Timestamp): Timestamp | undefined {
  if (date === undefined) return undefined;
  return fromTimestamp(before)?.getTime() === date.getTime() ? before : toTimestamp(date);
}
