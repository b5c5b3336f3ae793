import { isZeroTime } from '@teleport-ts/api-types';
import {
  type AccessRequestSpecV3,
  type AccessRequestV3,
  type AccessReview,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { accessDenied, alreadyExists, badParameter, notImplemented } from '../errors.ts';
import { compileThresholdExpression } from '../predicate/review-expression.ts';
import { fromLabelValues } from '../resources.ts';
import { fromTimestamp, toTimestamp } from '../timestamps.ts';
import { checkAssumeStart } from './request-times.ts';
import { reviewEnvironment } from './review-rules.ts';
import { stateName } from './state-name.ts';
import type { StoredUser } from './stored-user.ts';
import { decidingReview } from './thresholds.ts';

const RESOLVED: Partial<Record<RequestState, string>> = {
  [RequestState.APPROVED]: 'approved',
  [RequestState.DENIED]: 'denied',
  [RequestState.PROMOTED]: 'promoted',
};

/**
 * A request with one more review, and decided if that review decides it.
 *
 * @throws TeleportError `bad_parameter`, `already_exists`, `not_implemented`, `access_denied` when it was decided before
 */
export function reviewedRequest(
  request: AccessRequestV3,
  given: AccessReview,
  reviewer: StoredUser,
  now: number,
): AccessRequestV3 {
  const spec = request.Spec as AccessRequestSpecV3;
  const Roles = [...new Set(given.Roles)].sort();
  checkFits(spec, { ...given, Roles });
  const ThresholdIndexes = countingThresholds(request, given, reviewer);
  const resolved = RESOLVED[spec.State];
  if (resolved) throw accessDenied(`the access request has been already ${resolved}`);
  const review: AccessReview = {
    ...given,
    Roles,
    ThresholdIndexes,
    Created: isZeroTime(given.Created) ? toTimestamp(now) : given.Created,
    Annotations: given.Annotations ?? { Values: new Map() },
  };
  checkAssumeStart(given.AssumeStartTime, fromTimestamp(spec.Created) ?? 0, fromTimestamp(spec.Expires) ?? 0);
  const reviewed: AccessRequestSpecV3 = {
    ...spec,
    Reviews: [...spec.Reviews, review],
    AssumeStartTime: given.AssumeStartTime ?? spec.AssumeStartTime,
  };
  const deciding = decidingReview(reviewed);
  if (!deciding) return { ...request, Spec: reviewed };
  const Spec: AccessRequestSpecV3 = {
    ...reviewed,
    State: deciding.ProposedState,
    ResolveReason: deciding.Reason,
    // Of no list: but the field is set with a decision, and empty.
    accessList: reviewed.accessList?.Name ? reviewed.accessList : { Name: '', Title: '' },
    // What is decided is kept as long as what was decided holds.
    ResourceExpiry: reviewed.Expires,
  };
  return { ...request, Spec };
}

function checkFits(spec: AccessRequestSpecV3, { Author, ProposedState, Roles, Annotations }: AccessReview): void {
  if (!RESOLVED[ProposedState]) {
    throw badParameter(`invalid state proposal: ${stateName(ProposedState)} (expected approval/denial)`);
  }
  if (spec.Thresholds.length === 0) throw badParameter('request is uninitialized or does not support reviews');
  if (spec.Reviews.some((review) => review.Author === Author)) {
    throw alreadyExists(`user ${JSON.stringify(Author)} has already reviewed this request`);
  }
  const mapping = spec.RoleThresholdMapping;
  if (Roles.length > 0 && Roles.length !== mapping.size) {
    throw notImplemented('role subselection is not yet supported in reviews, try omitting role list');
  }
  if ((Annotations?.Values.size ?? 0) > 0) {
    throw notImplemented('annotations are not yet supported in reviews, try omitting annotations field');
  }
  const foreign = Roles.find((role) => !mapping.has(role));
  if (foreign !== undefined) throw badParameter(`role ${JSON.stringify(foreign)} is not a member of this request`);
}

function countingThresholds(request: AccessRequestV3, review: AccessReview, reviewer: StoredUser): number[] {
  const environment = {
    ...reviewEnvironment(reviewer, request),
    review: { reason: review.Reason, annotations: fromLabelValues(review.Annotations) },
  };
  return (request.Spec?.Thresholds ?? []).flatMap(({ Filter }, index) =>
    Filter === '' || compileThresholdExpression(Filter)(environment) ? [index] : [],
  );
}
