import type { RequestStateSetter } from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import {
  type AccessRequestSpecV3,
  type AccessRequestV3,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { badParameter } from '../errors.ts';
import { labelValues } from '../resources.ts';
import { fromTimestamp } from '../timestamps.ts';
import { checkedRequest } from './new-request.ts';
import { checkAssumeStart } from './request-times.ts';
import { stateName } from './state-name.ts';

/**
 * What holds for a decision, whichever request it is of.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkDecision({ ID, State, Roles }: RequestStateSetter): void {
  if (ID === '') throw badParameter('missing request id');
  if (State === RequestState.NONE) throw badParameter('missing request state');
  if (Roles.length > 0 && State !== RequestState.APPROVED) {
    throw badParameter(`cannot override roles when setting state: ${stateName(State)}`);
  }
}

/**
 * A request after somebody has set its state. A denial stays one; anything else may be set again, and what is not given
 * again is gone.
 *
 * @throws TeleportError `bad_parameter`
 */
export function resolvedRequest(request: AccessRequestV3, decision: RequestStateSetter): AccessRequestV3 {
  const spec = request.Spec as AccessRequestSpecV3;
  const { State, Reason, Annotations, Roles, AssumeStartTime } = decision;
  if (spec.State === RequestState.DENIED && State !== RequestState.DENIED) {
    throw badParameter(`cannot set request-state ${JSON.stringify(stateName(State))} (already denied)`);
  }
  const foreign = Roles.find((role) => !spec.Roles.includes(role));
  if (foreign !== undefined) {
    const role = JSON.stringify(foreign);
    throw badParameter(`role ${role} not in original request, overrides must be a subset of original role list`);
  }
  checkAssumeStart(AssumeStartTime, fromTimestamp(spec.Created) ?? 0, fromTimestamp(spec.Expires) ?? 0);
  return checkedRequest({
    ...request,
    Spec: {
      ...spec,
      State,
      ResolveReason: Reason,
      ResolveAnnotations: Annotations ?? labelValues(),
      Roles: Roles.length > 0 ? Roles : spec.Roles,
      AssumeStartTime: AssumeStartTime ?? spec.AssumeStartTime,
      ResourceExpiry: State === RequestState.APPROVED ? spec.Expires : spec.ResourceExpiry,
    },
  });
}
