import type {
  AccessCapabilities,
  AccessCapabilitiesRequest,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { ClusterState } from '../state/cluster-state.ts';
import { RequestRules } from './request-rules.ts';

/**
 * What somebody may request. Roles are not narrowed down to those that give access to resources.
 *
 * @throws TeleportError `not_found`, `access_denied` for resources
 */
export function accessCapabilities(state: ClusterState, request: AccessCapabilitiesRequest): AccessCapabilities {
  const rules = RequestRules.of(state, request.User);
  if (request.ResourceIDs.length > 0 && !request.FilterRequestableRolesByResource) rules.searchAsRoles();
  const RequestableRoles = request.RequestableRoles ? rules.requestable(state) : [];
  return {
    RequestableRoles,
    SuggestedReviewers: request.SuggestedReviewers ? rules.suggestedReviewers : [],
    ApplicableRolesForResources: [],
    RequestPrompt: rules.prompts[0] ?? '',
    RequireReason: rules.reasonRequired(RequestableRoles) !== undefined,
    AutoRequest: rules.requestsAtLogin,
  };
}
