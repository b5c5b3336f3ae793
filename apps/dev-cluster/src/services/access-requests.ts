import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import {
  type AccessRequestV3,
  type AccessReview,
  AccessReview as AccessReviewMessage,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { authorize, type Caller } from '../access/caller.ts';
import { accessCapabilities } from '../access-requests/access-capabilities.ts';
import { checkedRequest, checkResourceClusters, preparedRequest } from '../access-requests/new-request.ts';
import { callerName, isSelf, mayActFor, refusal } from '../access-requests/permission.ts';
import { checkDecision, resolvedRequest } from '../access-requests/resolution.ts';
import { reviewedRequest } from '../access-requests/review.ts';
import { ReviewRules } from '../access-requests/review-rules.ts';
import { allVisibleRequests, visibleRequests } from '../access-requests/visible-requests.ts';
import {
  emitRequestCreated,
  emitRequestDeleted,
  emitRequestReviewed,
  emitRequestUpdated,
} from '../audit/access-request-events.ts';
import { actorOf } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter, notFound } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Call, type Service, service } from '../rpc/service.ts';

/** Who may ask for roles, who may grant them, and who may see it. */
export function accessRequestCalls(context: ClusterContext): Service {
  const { state, clock, audit } = context;
  const { accessRequests } = state;
  const put = (request: AccessRequestV3): void => accessRequests.put(nameOf(request), stamped(request));

  return service(AuthServiceDefinition, {
    createAccessRequestV2(given, call) {
      const checked = checkedRequest(given);
      checkResourceClusters(context, checked);
      checkMayCreate(call, checked);
      const expires = call.caller.identity?.notAfter.getTime() ?? 0;
      const request = preparedRequest(context, checked, expires);
      if (request.Spec?.DryRun) return request;
      put(checkedRequest(request));
      emitRequestCreated(audit, request, actorOf(call));
      return request;
    },
    listAccessRequests: (request, { caller }) => visibleRequests(state, caller, request),
    async *getAccessRequestsV2(filter, { caller }) {
      // All at once, as of one moment.
      yield* [...allVisibleRequests(state, caller, filter)];
    },
    setAccessRequestState(decision, call) {
      const { caller } = call;
      authorize(caller, 'access_request', 'update');
      if (hasAssumedRequests(call)) {
        throw accessDenied('cannot directly update the state of an access request while using an access request');
      }
      checkNotPromoted(decision.State);
      const notThere = notFound(`cannot set state of access request ${JSON.stringify(decision.ID)} (not found)`);
      const [visible] = allVisibleRequests(state, caller, { ID: decision.ID });
      if (!visible) throw notThere;
      if (isSelf(caller, visible.Spec?.User ?? '')) {
        throw accessDenied('directly updating the state of your own access requests is not permitted');
      }
      checkDecision(decision);
      const request = resolvedRequest(visible, decision);
      put(request);
      emitRequestUpdated(audit, request, decision, actorOf(call));
      return {};
    },
    submitAccessReview({ RequestID, Review }, { caller }) {
      const given = Review ?? AccessReviewMessage.create();
      checkNotPromoted(given.ProposedState);
      const review: AccessReview = { ...given, Author: given.Author || callerName(caller) };
      checkMayReviewAtAll(caller, review.Author);
      const rules = ReviewRules.of(state, review.Author, caller.identity);
      if (!rules.allowsAnything) throw accessDenied(`user ${JSON.stringify(review.Author)} cannot submit reviews`);
      if (RequestID === '') throw badParameter('missing request ID');
      const id = JSON.stringify(RequestID);
      const request = accessRequests.get(RequestID);
      if (!request) throw notFound(`cannot apply review to access request ${id} (not found)`);
      if (!rules.mayReview(request)) {
        throw accessDenied(`user ${JSON.stringify(review.Author)} cannot review request ${id}`);
      }
      const reviewed = checkedRequest(reviewedRequest(request, review, rules.reviewer, clock.now()));
      put(reviewed);
      emitRequestReviewed(audit, reviewed, review);
      return reviewed;
    },
    deleteAccessRequest({ ID }, call) {
      authorize(call.caller, 'access_request', 'delete');
      if (!accessRequests.delete(ID)) {
        throw notFound(`cannot delete access request ${JSON.stringify(ID)} (not found)`);
      }
      emitRequestDeleted(audit, ID, actorOf(call));
      return {};
    },
    getAccessCapabilities(request, { caller }) {
      const User = request.User || callerName(caller);
      if (!mayActFor(caller, User)) {
        authorize(caller, 'user', 'read');
        authorize(caller, 'role', 'list', 'read');
      }
      return accessCapabilities(state, { ...request, User });
    },
    getAccessRequestAllowedPromotions({ accessRequestID }, { caller }) {
      const found = [...allVisibleRequests(state, caller, { ID: accessRequestID })];
      if (found.length !== 1) throw notFound('access request not found');
      // Access lists are of another edition.
      return { allowedPromotions: { promotions: [] } };
    },
  });
}

const hasAssumedRequests = ({ caller }: Call): boolean => (caller.identity?.activeRequests.length ?? 0) > 0;

/** Anybody may ask for itself, unless that is denied; for others, or for what is decided already, it takes a rule. */
function checkMayCreate(call: Call, { Spec }: AccessRequestV3): void {
  const { caller } = call;
  const user = Spec?.User ?? '';
  const isPending = Spec?.State === RequestState.PENDING;
  const denied = refusal(caller, 'access_request', 'create');
  if (denied && (denied.explicit || !isPending || !mayActFor(caller, user))) throw denied.error;
  if (isPending) return;
  if (isSelf(caller, user)) throw accessDenied('cannot create access request for self in non-pending state');
  if (hasAssumedRequests(call)) {
    throw accessDenied('cannot create access requests in non-pending state while using an access request');
  }
}

function checkNotPromoted(state: RequestState): void {
  if (state === RequestState.PROMOTED) {
    throw badParameter('state promoted can be only set when promoting to access list');
  }
}

/** In one's own name only, and with a role that speaks of reviews; which reviews is looked at later. */
function checkMayReviewAtAll(caller: Caller, author: string): void {
  const { roles, systemRole } = caller;
  if (systemRole === 'Admin') return;
  const user = callerName(caller);
  const name = JSON.stringify(user);
  if (author !== user) throw accessDenied(`user ${name} cannot submit reviews on behalf of ${JSON.stringify(author)}`);
  const mayReview = roles.roles.some(({ Spec }) => {
    const conditions = Spec?.Allow?.ReviewRequests;
    if (!conditions) return false;
    const { Roles, ClaimsToRoles, Where, PreviewAsRoles } = conditions;
    return Roles.length > 0 || ClaimsToRoles.length > 0 || Where !== '' || PreviewAsRoles.length > 0;
  });
  if (!mayReview) throw accessDenied(`user ${name} cannot submit reviews`);
}
