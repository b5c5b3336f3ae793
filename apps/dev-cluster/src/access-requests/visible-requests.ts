import {
  ListAccessRequestsRequest,
  type ListAccessRequestsResponse,
} from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import { AccessRequestFilter, type AccessRequestV3 } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { Caller } from '../access/caller.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { callerName, isSelf, mayActFor, refusal } from './permission.ts';
import { listRequests } from './request-list.ts';
import { ReviewRules } from './review-rules.ts';

/**
 * One page of the requests that a caller may see: all of them with the rights to list and read; without those its own, and
 * what it may review, unless the rights are denied.
 *
 * @throws TeleportError `access_denied`, `bad_parameter`
 */
export function visibleRequests(
  state: ClusterState,
  caller: Caller,
  request: ListAccessRequestsRequest,
): ListAccessRequestsResponse {
  const filter = { ...(request.Filter ?? AccessRequestFilter.create()), Requester: caller.user };
  const asked = { ...request, Filter: filter };
  const denied = refusal(caller, 'access_request', 'list', 'read');
  if (!denied) return listRequests(state, asked);
  if (denied.explicit) throw denied.error;
  if (filter.User !== '' && mayActFor(caller, filter.User)) return listRequests(state, asked);
  const rules = ReviewRules.of(state, callerName(caller), caller.identity);
  if (!rules.allowsAnything) {
    if (filter.User !== '') return { AccessRequests: [], NextKey: '' };
    return listRequests(state, { ...asked, Filter: { ...filter, User: caller.user } });
  }
  return listRequests(state, asked, (one) => isSelf(caller, one.Spec?.User ?? '') || mayReview(rules, one));
}

/** All that the filter finds, page after page. */
export function* allVisibleRequests(
  state: ClusterState,
  caller: Caller,
  filter: Partial<AccessRequestFilter>,
): Generator<AccessRequestV3> {
  const Filter = { ...AccessRequestFilter.create(), ...filter };
  let StartKey = '';
  do {
    const page = visibleRequests(state, caller, { ...ListAccessRequestsRequest.create(), Filter, StartKey });
    yield* page.AccessRequests;
    StartKey = page.NextKey;
  } while (StartKey !== '');
}

/** A role whose expression cannot be evaluated shows nothing. */
function mayReview(rules: ReviewRules, request: AccessRequestV3): boolean {
  try {
    return rules.mayReview(request);
  } catch {
    return false;
  }
}
