import type { LockTarget } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { expiresAt, nameOf, type Resource } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import type { Actor } from './actor.ts';
import type { AuditLog } from './audit-log.ts';
import type { EventFields } from './event-kinds.ts';

type ResourceFields = NonNullable<EventFields<'role.created'>['Resource']>;
type Timestamp = ReturnType<typeof zeroTime>;

/** What an event tells of the resource that it is about. */
export function aboutResource(
  name: string,
  more: { expires?: Timestamp | undefined; by?: Actor } = {},
): ResourceFields {
  return { Name: name, Expires: more.expires ?? zeroTime(), UpdatedBy: more.by?.user.User ?? '' };
}

/** When a resource ceases to exist, as events tell it. */
export function expiryOf(resource: Resource): Timestamp {
  const at = expiresAt(resource);
  return at === undefined ? zeroTime() : toTimestamp(at);
}

/** Who did it and from where. */
export const doneBy = (actor: Actor): { User: Actor['user']; Connection: { RemoteAddr: string } } => ({
  User: actor.user,
  Connection: { RemoteAddr: actor.remoteAddress },
});

type UserEvent = 'user.create' | 'user.update';

/** A user was made or changed. */
export function emitUserWritten(audit: AuditLog, kind: UserEvent, user: WrittenUser, actor: Actor): void {
  audit.emit(kind, {
    ...doneBy(actor),
    Resource: aboutResource(nameOf(user), { expires: expiryOf(user) }),
    Roles: [...(user.Spec?.Roles ?? [])],
    Connector: user.Spec?.CreatedBy?.Connector?.ID || 'local',
  });
}

type WrittenUser = Resource & {
  readonly Spec:
    | {
        readonly Roles: readonly string[];
        readonly CreatedBy: { readonly Connector: { readonly ID: string } | undefined } | undefined;
      }
    | undefined;
};

/** A lock was written, by somebody or by the cluster itself. */
export function emitLockCreated(
  audit: AuditLog,
  name: string,
  target: LockTarget,
  expires: Timestamp | undefined,
  actor: Actor,
): void {
  audit.emit('lock.created', {
    User: actor.user,
    Resource: aboutResource(name, { expires, by: actor }),
    Target: target,
    Lock: { Target: target },
  });
}
