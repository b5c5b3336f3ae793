import { type AccessRequestV3, RequestState } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter, notFound } from '../errors.ts';
import { fromTimestamp } from '../timestamps.ts';
import { checkStillRequestable } from './new-request.ts';

/** What approved requests add to a certificate. */
export interface AssumedRequests {
  readonly roles: readonly string[];
  /** When the access ends, in milliseconds since 1970. */
  readonly expires: number;
}

/**
 * What a user may assume of its requests, by their ids.
 *
 * @throws TeleportError `not_found`, `access_denied` for what is not approved, `bad_parameter` for what is not yet, or no
 * more, to be assumed
 */
export function assumedRequests(context: ClusterContext, user: string, ids: readonly string[]): AssumedRequests {
  const requests = ids.map((id) => assumableRequest(context, user, id));
  return {
    roles: requests.flatMap(({ Spec }) => Spec?.Roles ?? []),
    expires: Math.min(Number.POSITIVE_INFINITY, ...requests.map(({ Spec }) => fromTimestamp(Spec?.Expires) ?? 0)),
  };
}

function assumableRequest(context: ClusterContext, user: string, id: string): AccessRequestV3 {
  const { state, clock } = context;
  const name = JSON.stringify(id);
  const request = state.accessRequests.get(id);
  const spec = request?.Spec;
  if (!spec || spec.User !== user) throw notFound(`access request ${name} not found`);
  switch (spec.State) {
    case RequestState.APPROVED:
      break;
    case RequestState.DENIED:
      throw accessDenied(`access request ${name} has been denied`);
    case RequestState.PROMOTED:
      throw accessDenied(`access request ${name} has been promoted. Use access list to access resources.`);
    default:
      throw accessDenied(`access request ${name} is awaiting approval`);
  }
  checkStillRequestable(context, request);
  const now = clock.now();
  if ((fromTimestamp(spec.Expires) ?? 0) < now) throw badParameter(`access request ${name} has expired`);
  const start = fromTimestamp(spec.AssumeStartTime);
  if (start !== undefined && start > now) {
    throw badParameter(`access request ${name} can not be assumed until ${goTime(start)}`);
  }
  return request;
}

/** As Go prints a time. */
function goTime(ms: number): string {
  const [date, time] = new Date(ms).toISOString().split('T') as [string, string];
  return `${date} ${time.replace(/\.?0*Z$/, '')} +0000 UTC`;
}
