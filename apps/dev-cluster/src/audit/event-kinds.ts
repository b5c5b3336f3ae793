import { OneOf } from '@teleport-ts/api-types/proto/teleport/events/one_of';

/** What an action emits: the member of {@link OneOf}, and the name and the code that an auditor searches for. */
export const EVENT_KINDS = {
  'user.login (failed)': { $case: 'UserLogin', type: 'user.login', code: 'T1000W' },
  'user.create': { $case: 'UserCreate', type: 'user.create', code: 'T1002I' },
  // The real one writes an update as a creation of another name; on the wire it is an update again.
  'user.update': { $case: 'UserUpdate', type: 'user.update', code: 'T1003I' },
  'user.delete': { $case: 'UserDelete', type: 'user.delete', code: 'T1004I' },
  'role.created': { $case: 'RoleCreate', type: 'role.created', code: 'T9000I' },
  'role.deleted': { $case: 'RoleDelete', type: 'role.deleted', code: 'T9001I' },
  'role.updated': { $case: 'RoleUpdate', type: 'role.updated', code: 'T9002I' },
  'access_request.create': { $case: 'AccessRequestCreate', type: 'access_request.create', code: 'T5000I' },
  'access_request.update': { $case: 'AccessRequestCreate', type: 'access_request.update', code: 'T5001I' },
  'access_request.review': { $case: 'AccessRequestCreate', type: 'access_request.review', code: 'T5002I' },
  'access_request.delete': { $case: 'AccessRequestDelete', type: 'access_request.delete', code: 'T5003I' },
  'access_request.expire': { $case: 'AccessRequestExpire', type: 'access_request.expire', code: 'T5005I' },
  'app.session.start': { $case: 'AppSessionStart', type: 'app.session.start', code: 'T2007I' },
  'lock.created': { $case: 'LockCreate', type: 'lock.created', code: 'TLK00I' },
  'lock.deleted': { $case: 'LockDelete', type: 'lock.deleted', code: 'TLK01I' },
  'cert.create': { $case: 'CertificateCreate', type: 'cert.create', code: 'TC000I' },
  'cert.generation_mismatch': {
    $case: 'RenewableCertificateGenerationMismatch',
    type: 'cert.generation_mismatch',
    code: 'TCB00W',
  },
  'bot.join': { $case: 'BotJoin', type: 'bot.join', code: 'TJ001I' },
  'bot.join (failed)': { $case: 'BotJoin', type: 'bot.join', code: 'TJ001E' },
  'join_token.create': { $case: 'ProvisionTokenCreate', type: 'join_token.create', code: 'TJT00I' },
  'bot.create': { $case: 'BotCreate', type: 'bot.create', code: 'TB001I' },
  'bot.update': { $case: 'BotUpdate', type: 'bot.update', code: 'TB002I' },
  'bot.delete': { $case: 'BotDelete', type: 'bot.delete', code: 'TB003I' },
  'auth_preference.update': { $case: 'AuthPreferenceUpdate', type: 'auth_preference.update', code: 'TCAUTH001I' },
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

/** A typed event: which one, and its fields. */
export type AuditEvent = NonNullable<OneOf['Event']>;

type Input = NonNullable<NonNullable<Parameters<typeof OneOf.fromPartial>[0]>['Event']>;

/** The fields of a kind of event, those aside that all have. */
export type EventFields<K extends EventKind> = Omit<
  NonNullable<Extract<Input, { $case?: (typeof EVENT_KINDS)[K]['$case'] }>['value']>,
  'Metadata'
>;

/** An event of a kind; `metadata` is what all have. */
export function auditEvent<K extends EventKind>(
  kind: K,
  fields: EventFields<K>,
  metadata: { readonly id: string; readonly at: NonNullable<EventTime>; readonly clusterName: string },
): AuditEvent {
  const { $case, type, code } = EVENT_KINDS[kind];
  const Metadata = { Type: type, ID: metadata.id, Code: code, Time: metadata.at, ClusterName: metadata.clusterName };
  const { Event } = OneOf.fromPartial({ Event: { $case, value: { ...fields, Metadata } } as Input });
  return Event as AuditEvent;
}

type EventTime = NonNullable<AuditEvent['value']['Metadata']>['Time'];
