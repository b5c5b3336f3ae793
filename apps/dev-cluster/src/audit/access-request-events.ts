import type { RequestStateSetter } from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import type { AccessRequestV3, AccessReview } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { LabelValues } from '@teleport-ts/api-types/proto/teleport/wrappers/labels';
import { stateName } from '../access-requests/state-name.ts';
import { fromLabelValues, nameOf } from '../resources.ts';
import { zeroTime } from '../timestamps.ts';
import type { Actor } from './actor.ts';
import type { AuditLog } from './audit-log.ts';

type Struct = Record<string, string[]> | undefined;

/** Somebody asked. It is told in the name of the user that the request is for. */
export function emitRequestCreated(audit: AuditLog, request: AccessRequestV3, actor: Actor): void {
  const { Spec } = request;
  audit.emit('access_request.create', {
    User: { ...actor.user, User: Spec?.User ?? '' },
    Resource: { Expires: Spec?.Expires ?? zeroTime() },
    Roles: [...(Spec?.Roles ?? [])],
    RequestedResourceIDs: [...(Spec?.RequestedResourceIDs ?? [])],
    RequestID: nameOf(request),
    RequestState: stateName(Spec?.State ?? 0),
    Reason: Spec?.RequestReason ?? '',
    MaxDuration: Spec?.MaxDuration ?? zeroTime(),
    Annotations: struct(Spec?.SystemAnnotations),
  });
}

/** Somebody set a state. */
export function emitRequestUpdated(
  audit: AuditLog,
  request: AccessRequestV3,
  decision: RequestStateSetter,
  actor: Actor,
): void {
  audit.emit('access_request.update', {
    User: {},
    Resource: { Expires: request.Spec?.Expires ?? zeroTime(), UpdatedBy: actor.user.User ?? '' },
    RequestID: decision.ID,
    RequestState: stateName(decision.State),
    Reason: decision.Reason,
    Roles: [...decision.Roles],
    AssumeStartTime: decision.AssumeStartTime,
    MaxDuration: zeroTime(),
    Delegator: decision.Delegator,
    Annotations: struct(decision.Annotations) ?? struct(request.Spec?.SystemAnnotations),
  });
}

/** Somebody reviewed. */
export function emitRequestReviewed(audit: AuditLog, request: AccessRequestV3, review: AccessReview): void {
  audit.emit('access_request.review', {
    User: {},
    Resource: { Expires: request.Spec?.Expires ?? zeroTime() },
    RequestID: nameOf(request),
    RequestState: stateName(request.Spec?.State ?? 0),
    ProposedState: stateName(review.ProposedState),
    Reason: review.Reason,
    Reviewer: review.Author,
    MaxDuration: request.Spec?.MaxDuration ?? zeroTime(),
  });
}

/** Somebody deleted a request. */
export function emitRequestDeleted(audit: AuditLog, id: string, actor: Actor): void {
  audit.emit('access_request.delete', { User: actor.user, RequestID: id });
}

function struct(annotations: LabelValues | undefined): Struct {
  if ((annotations?.Values.size ?? 0) === 0) return undefined;
  return Object.fromEntries(Object.entries(fromLabelValues(annotations)).map(([name, values]) => [name, [...values]]));
}
