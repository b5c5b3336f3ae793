import {
  AccessRequestSort,
  type ListAccessRequestsRequest,
  type ListAccessRequestsResponse,
} from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import {
  type AccessRequestFilter,
  AccessRequestScope,
  type AccessRequestV3,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { badParameter } from '../errors.ts';
import { matchesSearch } from '../predicate/resource-expression.ts';
import { nameOf } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { fromTimestamp } from '../timestamps.ts';
import { stateName } from './state-name.ts';

const DEFAULT_PAGE = 1000;
const MAX_PAGE = 16_000;

/** The key that a page begins at, in each order. */
const KEYS: Readonly<Record<number, (request: AccessRequestV3) => string>> = {
  [AccessRequestSort.DEFAULT]: nameOf,
  [AccessRequestSort.CREATED]: (request) => `${createdText(request)}/${nameOf(request)}`,
  [AccessRequestSort.STATE]: (request) => `${stateName(request.Spec?.State ?? RequestState.NONE)}/${nameOf(request)}`,
  [AccessRequestSort.USER]: (request) => `${request.Spec?.User}/${nameOf(request)}`,
};

const createdText = ({ Spec }: AccessRequestV3): string =>
  new Date(fromTimestamp(Spec?.Created) ?? 0).toISOString().replace(/\.\d+Z$/, 'Z');

/** When a request ceases to exist, in milliseconds since 1970. */
export const requestExpiry = ({ Spec, Metadata }: AccessRequestV3): number | undefined =>
  fromTimestamp(Spec?.ResourceExpiry) ?? fromTimestamp(Metadata?.Expires);

/**
 * One page of the requests that the filter and `isVisible` let through. A request that is asked for by its id is found as
 * long as it is there; lists leave out what has expired.
 *
 * @throws TeleportError `bad_parameter` for a page that is too large or an order that there is not
 */
export function listRequests(
  { accessRequests, clock }: ClusterState,
  { Filter, Sort, Descending, Limit, StartKey }: ListAccessRequestsRequest,
  isVisible: (request: AccessRequestV3) => boolean = () => true,
): ListAccessRequestsResponse {
  const isWanted = (request: AccessRequestV3): boolean =>
    (!Filter || matchesFilter(Filter, request)) && isVisible(request);
  if (Filter?.ID) {
    const request = accessRequests.get(Filter.ID);
    return { AccessRequests: request && isWanted(request) ? [request] : [], NextKey: '' };
  }
  if (Limit > MAX_PAGE) throw badParameter(`page size of ${Limit} is too large`);
  const keyOf = KEYS[Sort];
  if (!keyOf) throw badParameter(`unsupported access request sort index '${Sort}'`);
  const now = clock.now();
  const requests = accessRequests
    .values()
    .filter((request) => (requestExpiry(request) ?? Number.POSITIVE_INFINITY) >= now)
    .map((request) => ({ key: keyOf(request), request }))
    .sort((a, b) => compare(a.key, b.key));
  if (Descending) requests.reverse();
  const isBefore = ({ key }: { key: string }): boolean => (Descending ? key > StartKey : key < StartKey);
  const page: ListAccessRequestsResponse = { AccessRequests: [], NextKey: '' };
  for (const entry of requests) {
    if (StartKey !== '' && isBefore(entry)) continue;
    if (page.AccessRequests.length === (Limit || DEFAULT_PAGE)) return { ...page, NextKey: entry.key };
    if (isWanted(entry.request)) page.AccessRequests.push(entry.request);
  }
  return page;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function matchesFilter(filter: AccessRequestFilter, request: AccessRequestV3): boolean {
  const { User: user = '', State: state, Reviews = [] } = request.Spec ?? {};
  const isOwn = user === filter.Requester;
  const isReviewed = Reviews.some(({ Author }) => Author === filter.Requester);
  if (filter.Scope === AccessRequestScope.MY_REQUESTS && !isOwn) return false;
  if (filter.Scope === AccessRequestScope.NEEDS_REVIEW && (isOwn || isReviewed || state !== RequestState.PENDING)) {
    return false;
  }
  if (filter.Scope === AccessRequestScope.REVIEWED && (isOwn || !isReviewed)) return false;
  return (
    matchesSearch(searchable(request), filter.SearchKeywords) &&
    (filter.ID === '' || filter.ID === nameOf(request)) &&
    (filter.User === '' || filter.User === user) &&
    (filter.State === RequestState.NONE || filter.State === state)
  );
}

function searchable(request: AccessRequestV3): string[] {
  const { User = '', Roles = [], RequestedResourceIDs = [] } = request.Spec ?? {};
  const labels = [...(request.Metadata?.Labels ?? [])].flat();
  return [...labels, nameOf(request), User, ...Roles, ...RequestedResourceIDs.map(({ Name }) => Name)];
}
