import { TeleportError, toTimestamp } from '@teleport-ts/api-types';
import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import {
  AccessRequestSort,
  ListAccessRequestsRequest,
  ListAccessRequestsResponse,
  RequestID,
  RequestStateSetter,
} from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import {
  AccessRequestScope,
  AccessRequestV3,
  AccessReviewSubmission,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import {
  type AccessRequest,
  type AccessRequestFields,
  type AccessRequestState,
  type AccessReviewFields,
  accessRequestView,
  newAccessRequest,
  newAccessReview,
  requestStateNumber,
} from '@teleport-ts/api-types/resources/access-request';
import { type LabelSelector, labelValues } from '@teleport-ts/api-types/resources/labels';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page, type PageQuery } from './pages.ts';

export { type AccessCapabilities, type AccessCapabilitiesQuery, getAccessCapabilities } from './access-capabilities.ts';

const AccessRequests = authMethods({
  listAccessRequests: unary('ListAccessRequests', ListAccessRequestsRequest, ListAccessRequestsResponse),
  createAccessRequest: unary('CreateAccessRequestV2', AccessRequestV3, AccessRequestV3),
  submitAccessReview: unary('SubmitAccessReview', AccessReviewSubmission, AccessRequestV3),
  setAccessRequestState: unary('SetAccessRequestState', RequestStateSetter, Empty),
  deleteAccessRequest: unary('DeleteAccessRequest', RequestID, Empty),
});

/** Which requests. Whoever may not list all sees its own, and those that it may review. */
export interface AccessRequestQuery extends PageQuery {
  readonly user?: string;
  readonly state?: AccessRequestState;
  /** Each must be in the id, the user, a role, the name of a resource or a label. */
  readonly searchKeywords?: readonly string[];
  /**
   * `needs-review`: pending, of others, and not yet reviewed by the caller. `reviewed`: by the caller. `mine`: the caller's.
   * Default: all.
   */
  readonly scope?: 'all' | 'mine' | 'needs-review' | 'reviewed';
  /** Default `id`, which is about the order in which they were made. */
  readonly sort?: 'id' | 'created' | 'state' | 'user';
  /** The last ones first. Default false. */
  readonly descending?: boolean;
}

const SCOPES = {
  all: AccessRequestScope.DEFAULT,
  mine: AccessRequestScope.MY_REQUESTS,
  'needs-review': AccessRequestScope.NEEDS_REVIEW,
  reviewed: AccessRequestScope.REVIEWED,
} as const;

const SORTS = {
  id: AccessRequestSort.DEFAULT,
  created: AccessRequestSort.CREATED,
  state: AccessRequestSort.STATE,
  user: AccessRequestSort.USER,
} as const;

/**
 * The requests that the caller may see, page by page as they are taken; `timeoutMs` is for each page. Lists of a real
 * cluster are up to a second behind; {@link getAccessRequest} is not.
 *
 * ```ts
 * for await (const { name, user, roles } of listAccessRequests(client, { state: 'pending' })) console.log(name, user, roles);
 * ```
 *
 * @throws TeleportError `access_denied` for whom a rule denies to list them
 */
export function listAccessRequests(
  client: Caller,
  query: AccessRequestQuery = {},
  options?: CallOptions,
): AsyncIterable<AccessRequest> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listAccessRequests}. */
export function listAccessRequestsPage(
  client: Caller,
  query: AccessRequestQuery = {},
  options?: CallOptions,
): Promise<Page<AccessRequest>> {
  return onePage(pages(client, query, options), query);
}

function pages(client: Caller, query: AccessRequestQuery, options?: CallOptions): FetchPage<AccessRequest> {
  const { user = '', state = 'none', searchKeywords = [], scope = 'all', sort = 'id', descending = false } = query;
  return async (size, token) => {
    const request = {
      Filter: {
        User: user,
        State: requestStateNumber(state),
        SearchKeywords: [...searchKeywords],
        Scope: SCOPES[scope],
      },
      Sort: SORTS[sort],
      Descending: descending,
      Limit: size,
      StartKey: token,
    };
    const answer = await client.unary(AccessRequests, 'listAccessRequests', request, options);
    return { items: answer.AccessRequests.map(accessRequestView), nextToken: answer.NextKey };
  };
}

/**
 * A request by its id, as it is at this moment.
 *
 * @throws TeleportError `not_found` when it is not there, or not for the caller to see
 */
export async function getAccessRequest(client: Caller, id: string, options?: CallOptions): Promise<AccessRequest> {
  if (id === '') throw new TeleportError('bad_parameter', 'missing request ID');
  const request = { Filter: { ID: id } };
  const [found] = (await client.unary(AccessRequests, 'listAccessRequests', request, options)).AccessRequests;
  if (!found) throw new TeleportError('not_found', `no access request matching ${JSON.stringify(id)}`);
  return accessRequestView(found);
}

/**
 * Asks for roles. What comes back has the id under which it is stored, the roles that `*` stands for, and the times that
 * the cluster allows.
 *
 * ```ts
 * const { name } = await createAccessRequest(client, { user: 'alice', roles: ['deployer'], reason: 'fix the build' });
 * ```
 *
 * @throws TeleportError `bad_parameter` for roles that the user may not request, for a reason that is missing, for times
 * that are not allowed; `access_denied` for whom it is denied, or who asks for another without the right to
 */
export async function createAccessRequest(
  client: Caller,
  fields: AccessRequestFields,
  options?: CallOptions,
): Promise<AccessRequest> {
  const request = newAccessRequest(fields);
  return accessRequestView(await client.unary(AccessRequests, 'createAccessRequest', request, options));
}

/** What {@link tryAccessRequest} finds out. */
export interface TriedAccessRequest {
  /** As it would be stored; it is not. */
  readonly request: AccessRequest;
  readonly isReasonRequired: boolean;
  /** What to ask the user for when asking for a reason. */
  readonly reasonPrompts: readonly string[];
}

/**
 * Asks what would become of a request: checked and filled in, but not stored, and seen by nobody.
 *
 * @throws TeleportError as {@link createAccessRequest} does, but not for a reason that is missing
 */
export async function tryAccessRequest(
  client: Caller,
  fields: AccessRequestFields,
  options?: CallOptions,
): Promise<TriedAccessRequest> {
  const request = newAccessRequest(fields);
  const trial = { ...request, Spec: request.Spec && { ...request.Spec, DryRun: true } };
  const answer = await client.unary(AccessRequests, 'createAccessRequest', trial, { idempotent: true, ...options });
  const { ReasonMode = '', ReasonPrompts = [] } = answer.Spec?.DryRunEnrichment ?? {};
  return {
    request: accessRequestView(answer),
    isReasonRequired: ReasonMode === 'required',
    reasonPrompts: ReasonPrompts,
  };
}

/**
 * Says yes or no to a request, as one of those who may; thresholds of the request decide what comes of it. What comes back
 * is the request with the review, decided if this was the deciding one.
 *
 * ```ts
 * const { state } = await reviewAccessRequest(client, id, { state: 'approved', reason: 'on call' });
 * ```
 *
 * @throws TeleportError `already_exists` when the caller has reviewed it before; `access_denied` when it is decided, is the
 * caller's own, or not for the caller to review (in a community edition nothing is); `not_found`; `compare_failed` when
 * too many review it at once
 */
export async function reviewAccessRequest(
  client: Caller,
  id: string,
  review: AccessReviewFields,
  options?: CallOptions,
): Promise<AccessRequest> {
  const submission = newAccessReview(id, review);
  return accessRequestView(await client.unary(AccessRequests, 'submitAccessReview', submission, options));
}

/** A decision that needs no votes. */
export interface AccessRequestResolution {
  /** `approved` or `denied`. `pending` takes an approval back, which clusters allow for what is not denied. */
  readonly state: AccessRequestState;
  readonly reason?: string;
  /** Grants only these of the roles that were asked for. Only with `approved`. */
  readonly roles?: readonly string[];
  /** What a program writes down about its decision. What is not given again by a second decision is gone. */
  readonly annotations?: LabelSelector;
  /** From when on the roles may be assumed. */
  readonly assumeStart?: Date;
  /** In whose name a program decides, for the audit log. */
  readonly delegator?: string;
}

/**
 * Decides a request at once, by the right to update requests and not by reviews. There is no compare and swap: whoever
 * decides last has decided, except that a denial stays one.
 *
 * ```ts
 * await setAccessRequestState(client, id, { state: 'denied', reason: 'outside of working hours' });
 * ```
 *
 * @throws TeleportError `not_found`, also for whom the request is not to be seen; `bad_parameter` for what is denied already,
 * and for roles that were not asked for; `access_denied` for one's own request, without the right, and to whoever acts by
 * an access request itself
 */
export async function setAccessRequestState(
  client: Caller,
  id: string,
  resolution: AccessRequestResolution,
  options?: CallOptions,
): Promise<void> {
  if (id === '') throw new TeleportError('bad_parameter', 'missing request ID');
  const State = requestStateNumber(resolution.state);
  if (State === RequestState.NONE) throw new TeleportError('bad_parameter', 'missing request state');
  const { reason = '', roles = [], annotations, assumeStart, delegator = '' } = resolution;
  const request = {
    ID: id,
    State,
    Reason: reason,
    Roles: [...roles],
    Annotations: labelValues(annotations),
    AssumeStartTime: assumeStart && toTimestamp(assumeStart),
    Delegator: delegator,
  };
  await client.unary(AccessRequests, 'setAccessRequestState', request, options);
}

/** @throws TeleportError `not_found`; `access_denied` without the right to delete requests, one's own too */
export async function deleteAccessRequest(client: Caller, id: string, options?: CallOptions): Promise<void> {
  await client.unary(AccessRequests, 'deleteAccessRequest', { ID: id }, options);
}
