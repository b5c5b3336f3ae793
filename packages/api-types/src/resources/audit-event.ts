import type { EventUnstructured } from '../gen/teleport/auditlog/v1/audit_log.ts';
import type { Metadata, UserMetadata } from '../gen/teleport/events/metadata.ts';
import type { OneOf } from '../gen/teleport/events/one_of.ts';
import { fromTimestamp } from '../timestamp.ts';

/** What audit events have in common. */
export interface AuditEventHead {
  /** Such as `cert.create`. */
  readonly type: string;
  readonly id: string;
  /** Tells successes from failures of a type, such as `T1000I` and `T1000W`. */
  readonly code: string;
  readonly time: Date | undefined;
  /** Its place in a session. */
  readonly index: number;
  readonly clusterName: string;
  /** Who did it; empty where nobody did. */
  readonly user: string;
}

/** The message of a kind of event, by the name that `OneOf` gives it: `{ $case: 'RoleCreate', value }`. */
export type AuditEventMessage = NonNullable<OneOf['Event']>;

/** Something that happened, with the message of its kind. */
export interface AuditEvent extends AuditEventHead {
  /** Undefined for a kind that this version has no message of; search for events as JSON to read those. */
  readonly message: AuditEventMessage | undefined;
  readonly raw: OneOf;
}

/** Something that happened, as its JSON: kinds that this version does not know are whole too. */
export interface AuditEventJson extends AuditEventHead {
  /** All fields, as Teleport's own log has them. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly raw: EventUnstructured;
}

/** An event as its message says it. */
export function auditEventView(message: OneOf): AuditEvent {
  const event = message.Event;
  const body = event?.value as { Metadata?: Metadata; User?: UserMetadata } | undefined;
  const unknown = event?.$case === 'Unknown' ? event.value : undefined;
  const head = body?.Metadata;
  return {
    type: unknown?.UnknownType || head?.Type || '',
    id: head?.ID ?? '',
    code: unknown?.UnknownCode || head?.Code || '',
    time: fromTimestamp(head?.Time),
    index: Number(head?.Index ?? 0n),
    clusterName: head?.ClusterName ?? '',
    user: body?.User?.User ?? '',
    message: event,
    raw: message,
  };
}

/** An event as its JSON says it. */
export function auditEventJsonView(message: EventUnstructured): AuditEventJson {
  const fields: Readonly<Record<string, unknown>> = message.unstructured ?? {};
  const text = (name: string): string => {
    const value = fields[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    type: message.type,
    id: message.id,
    code: text('code'),
    time: fromTimestamp(message.time),
    index: Number(message.index),
    clusterName: text('cluster_name'),
    user: text('user'),
    fields,
    raw: message,
  };
}
