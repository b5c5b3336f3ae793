import { randomUUID } from 'node:crypto';
import { badParameter } from '../bad-parameter.ts';
import { AccessRequestSpecV3, AccessRequestV3 } from '../gen/teleport/types/access_request.ts';
import { fromTimestamp, goZeroTime } from '../timestamp.ts';
import type { Traits } from '../traits.ts';
import { type AccessRequestState, accessRequestState, requestStateNumber } from './access-request-state.ts';
import { type AccessReview, type AccessReviewThreshold, accessReviewView, thresholdView } from './access-review.ts';
import { fromLabelValues, type LabelSelector, labelValues } from './labels.ts';
import { checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView, timestampFrom } from './resource.ts';
import { type ResourceId, resourceIdMessage, resourceIdOf } from './resource-id.ts';

export {
  type AccessRequestDecision,
  type AccessRequestState,
  accessRequestState,
  isResolved,
  requestStateNumber,
} from './access-request-state.ts';
export {
  type AccessReview,
  type AccessReviewFields,
  type AccessReviewThreshold,
  newAccessReview,
} from './access-review.ts';
export { formatResourceId, parseResourceId, type ResourceId, resourceIdMessage, resourceIdOf } from './resource-id.ts';

/** Somebody's wish to have roles, or the use of resources, for a time. Its name is its id, a UUID. */
export interface AccessRequest extends ResourceView<AccessRequestV3> {
  /** Who wishes. */
  readonly user: string;
  /** What is granted when it is approved; whoever approved it may have left some out. */
  readonly roles: readonly string[];
  /** What was asked for, with what an approval left out. */
  readonly originalRoles: readonly string[];
  /** The resources that it is for; empty for a request of roles. */
  readonly resources: readonly ResourceId[];
  readonly state: AccessRequestState;
  readonly reason: string;
  readonly created: Date | undefined;
  /** When the request itself ceases to exist: until it is decided, when it is too late for that. */
  readonly expires: Date | undefined;
  /** When the granted access ends at the latest. */
  readonly accessExpires: Date | undefined;
  /** When a certificate with the granted roles ends at the latest, had it been issued when the request was made. */
  readonly sessionExpires: Date | undefined;
  /** From when on the roles may be assumed; undefined: as soon as they are granted. */
  readonly assumeStart: Date | undefined;
  /** Why it was decided as it was. */
  readonly resolveReason: string;
  /** What a program that decided it wrote down. */
  readonly resolveAnnotations: Traits;
  /** From the roles of the requester: what programs that route requests go by. */
  readonly systemAnnotations: Traits;
  readonly suggestedReviewers: readonly string[];
  readonly thresholds: readonly AccessReviewThreshold[];
  readonly reviews: readonly AccessReview[];
  /** The access list that it led to, in state `promoted`. */
  readonly promotedTo: { readonly name: string; readonly title: string } | undefined;
}

/** What {@link newAccessRequest} makes a request of. What is left out is decided by the cluster. */
export interface AccessRequestFields extends Omit<ResourceFields<AccessRequestV3>, 'name' | 'expires'> {
  /** A UUID; the cluster replaces it. Default: a random one. */
  readonly name?: string;
  readonly user: string;
  /** Names of roles; `['*']` for all that may be requested. Either these or `resources`. */
  readonly roles?: readonly string[];
  /** The cluster finds out which roles they need. */
  readonly resources?: readonly ResourceId[];
  readonly reason?: string;
  readonly suggestedReviewers?: readonly string[];
  /** Until when it may be decided. Default: 7 days, or as long as the access could last. */
  readonly expires?: Date | undefined;
  /** When the access shall end at the latest, 14 days from now at most. */
  readonly accessExpires?: Date | undefined;
  /** When certificates with the granted roles shall end at the latest. */
  readonly sessionExpires?: Date | undefined;
  readonly assumeStart?: Date | undefined;
  /** The login that is wanted on the resources; the cluster leaves out roles that do not give it. */
  readonly loginHint?: string;
  /** Default `pending`. Another state takes rights that plugins have. */
  readonly state?: AccessRequestState;
  readonly resolveReason?: string;
  readonly resolveAnnotations?: LabelSelector;
}

/** An access request as its message says it. */
export function accessRequestView(message: AccessRequestV3): AccessRequest {
  const spec = message.Spec ?? AccessRequestSpecV3.create();
  const view = resourceView(message);
  return {
    ...view,
    user: spec.User,
    roles: spec.Roles,
    originalRoles: originalRoles(spec),
    resources: spec.RequestedResourceIDs.map(resourceIdOf),
    state: accessRequestState(spec.State),
    reason: spec.RequestReason,
    created: fromTimestamp(spec.Created),
    expires: fromTimestamp(spec.ResourceExpiry) ?? view.expires,
    accessExpires: fromTimestamp(spec.Expires),
    sessionExpires: fromTimestamp(spec.SessionTTL),
    assumeStart: fromTimestamp(spec.AssumeStartTime),
    resolveReason: spec.ResolveReason,
    resolveAnnotations: fromLabelValues(spec.ResolveAnnotations),
    systemAnnotations: fromLabelValues(spec.SystemAnnotations),
    suggestedReviewers: spec.SuggestedReviewers,
    thresholds: spec.Thresholds.map(thresholdView),
    reviews: spec.Reviews.map(accessReviewView),
    // Any review that decides leaves an empty one behind.
    promotedTo: spec.accessList?.Name ? { name: spec.accessList.Name, title: spec.accessList.Title } : undefined,
  };
}

/** The roles that a request was made for: thresholds are kept for all of them, also for those that were not granted. */
export function originalRoles(spec: AccessRequestSpecV3): readonly string[] {
  const { RoleThresholdMapping: mapping, Roles } = spec;
  return mapping.size === 0 || mapping.size === Roles.length ? Roles : [...mapping.keys()].sort();
}

/**
 * A request as it is sent, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newAccessRequest({ user: 'alice', roles: ['deployer'], reason: 'fix the build' });
 */
export function newAccessRequest(fields: AccessRequestFields): AccessRequestV3 {
  const before = fields.raw ?? AccessRequestV3.create();
  const spec = before.Spec ?? AccessRequestSpecV3.create();
  const { expires, ...rest } = fields;
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom({ ...rest, name: fields.name ?? randomUUID() }),
    Spec: {
      ...spec,
      User: fields.user,
      Roles: [...(fields.roles ?? spec.Roles)],
      RequestedResourceIDs: fields.resources?.map(resourceIdMessage) ?? spec.RequestedResourceIDs,
      State: fields.state === undefined ? spec.State : requestStateNumber(fields.state),
      RequestReason: fields.reason ?? spec.RequestReason,
      SuggestedReviewers: [...(fields.suggestedReviewers ?? spec.SuggestedReviewers)],
      ResourceExpiry: timestampFrom(expires, spec.ResourceExpiry) ?? spec.ResourceExpiry,
      MaxDuration: timestampFrom(fields.accessExpires, spec.MaxDuration) ?? spec.MaxDuration,
      Expires: timestampFrom(fields.sessionExpires, spec.Expires) ?? spec.Expires,
      AssumeStartTime: timestampFrom(fields.assumeStart, spec.AssumeStartTime) ?? spec.AssumeStartTime,
      LoginHint: fields.loginHint ?? spec.LoginHint,
      ResolveReason: fields.resolveReason ?? spec.ResolveReason,
      ResolveAnnotations: fields.resolveAnnotations ? labelValues(fields.resolveAnnotations) : spec.ResolveAnnotations,
    },
  });
}

/**
 * What holds for any request, whichever cluster it is for, with the defaults that the basic part of a cluster fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(request: AccessRequestV3): AccessRequestV3 {
  const Metadata = checkMetadata(request.Metadata);
  const spec = request.Spec ?? AccessRequestSpecV3.create();
  const State = spec.State || PENDING;
  if (State === PENDING) {
    if (spec.ResolveReason !== '') throw badParameter('pending requests cannot include resolve reason');
    if ((spec.ResolveAnnotations?.Values.size ?? 0) > 0) {
      throw badParameter('pending requests cannot include resolve annotations');
    }
  }
  if (spec.User === '') throw badParameter('access request user name not set');
  if (spec.Roles.length === 0 && spec.RequestedResourceIDs.length === 0) {
    throw badParameter('access request does not specify any roles or resources');
  }
  return {
    ...request,
    Kind: 'access_request',
    Version: 'v3',
    Metadata,
    Spec: {
      ...spec,
      State,
      Roles: [...new Set(spec.Roles)].sort(),
      // What a cluster always sends, it is sent as well.
      Created: spec.Created ?? goZeroTime(),
      Expires: spec.Expires ?? goZeroTime(),
      MaxDuration: spec.MaxDuration ?? goZeroTime(),
      SessionTTL: spec.SessionTTL ?? goZeroTime(),
      ResolveAnnotations: spec.ResolveAnnotations ?? labelValues(),
      SystemAnnotations: spec.SystemAnnotations ?? labelValues(),
    },
  };
}

const PENDING = requestStateNumber('pending');
