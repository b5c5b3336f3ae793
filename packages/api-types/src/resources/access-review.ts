import { badParameter } from '../bad-parameter.ts';
import {
  type AccessReviewSubmission,
  type AccessReview as Message,
  AccessReview as MessageType,
} from '../gen/teleport/types/access_request.ts';
import type { AccessReviewThreshold as ThresholdMessage } from '../gen/teleport/types/role.ts';
import { fromTimestamp, goZeroTime, toTimestamp } from '../timestamp.ts';
import { type AccessRequestState, accessRequestState, requestStateNumber } from './access-request-state.ts';
import { labelValues } from './labels.ts';

/** How many reviews decide about a request. */
export interface AccessReviewThreshold {
  readonly name: string;
  /** A predicate; only reviews that it holds for are counted. Empty: all. */
  readonly filter: string;
  /** So many approvals reach it; 0: no number does. */
  readonly approve: number;
  /** So many denials deny the request; 0: no number does. */
  readonly deny: number;
}

/** What somebody said about a request. */
export interface AccessReview {
  readonly author: string;
  readonly state: AccessRequestState;
  readonly reason: string;
  readonly created: Date | undefined;
  /** The indexes of the thresholds that it counted for. */
  readonly thresholds: readonly number[];
  /** From when on the reviewer wants the roles to be assumed. */
  readonly assumeStart: Date | undefined;
}

/** What {@link newAccessReview} makes a review of. */
export interface AccessReviewFields {
  /** `approved` or `denied`. */
  readonly state: AccessRequestState;
  readonly reason?: string;
  /** Must be the caller. Default: the caller. */
  readonly author?: string;
  readonly assumeStart?: Date | undefined;
}

export function thresholdView({ Name, Filter, Approve, Deny }: ThresholdMessage): AccessReviewThreshold {
  return { name: Name, filter: Filter, approve: Approve, deny: Deny };
}

export function accessReviewView(review: Message): AccessReview {
  return {
    author: review.Author,
    state: accessRequestState(review.ProposedState),
    reason: review.Reason,
    created: fromTimestamp(review.Created),
    thresholds: review.ThresholdIndexes,
    assumeStart: fromTimestamp(review.AssumeStartTime),
  };
}

/**
 * A review of a request as it is sent.
 *
 * @throws TeleportError `bad_parameter` when it is of no request, or neither approves nor denies
 */
export function newAccessReview(requestId: string, fields: AccessReviewFields): AccessReviewSubmission {
  if (requestId === '') throw badParameter('missing request ID');
  if (fields.state !== 'approved' && fields.state !== 'denied') {
    throw badParameter(`invalid state proposal: ${fields.state} (expected approved or denied)`);
  }
  return {
    RequestID: requestId,
    Review: {
      ...MessageType.create(),
      Author: fields.author ?? '',
      ProposedState: requestStateNumber(fields.state),
      Reason: fields.reason ?? '',
      Created: goZeroTime(),
      Annotations: labelValues(),
      AssumeStartTime: fields.assumeStart && toTimestamp(fields.assumeStart),
    },
  };
}
