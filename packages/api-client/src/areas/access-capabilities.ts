import {
  AccessCapabilitiesRequest,
  AccessCapabilities as Message,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { type ResourceId, resourceIdMessage } from '@teleport-ts/api-types/resources/access-request';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';

const Capabilities = authMethods({
  getAccessCapabilities: unary('GetAccessCapabilities', AccessCapabilitiesRequest, Message),
});

/** Whose capabilities, and for what. */
export interface AccessCapabilitiesQuery {
  /** Default: the caller. For another it takes rights on users and roles. */
  readonly user?: string;
  /** Asks which roles the use of these would take. */
  readonly resources?: readonly ResourceId[];
  /** The login that is wanted on them. */
  readonly login?: string;
  /** Leaves out roles that do not give access to `resources`. */
  readonly filterRolesByResource?: boolean;
}

/** What somebody may request. */
export interface AccessCapabilities {
  /** Roles that may be requested and are not held already. */
  readonly requestableRoles: readonly string[];
  readonly suggestedReviewers: readonly string[];
  /** The roles that a request of the resources would be for. */
  readonly applicableRolesForResources: readonly string[];
  readonly isReasonRequired: boolean;
  /** What to ask the user for when asking for a reason. */
  readonly reasonPrompt: string;
  /** Whether logging in makes a request by itself. */
  readonly requestsAtLogin: boolean;
}

/**
 * What the caller, or somebody else, may request.
 *
 * @throws TeleportError `access_denied` for another without the rights, and for resources where no role gives them
 */
export async function getAccessCapabilities(
  client: Caller,
  { user = '', resources = [], login = '', filterRolesByResource = false }: AccessCapabilitiesQuery = {},
  options?: CallOptions,
): Promise<AccessCapabilities> {
  const request = {
    User: user,
    RequestableRoles: true,
    SuggestedReviewers: true,
    ResourceIDs: resources.map(resourceIdMessage),
    Login: login,
    FilterRequestableRolesByResource: filterRolesByResource,
  };
  const answer = await client.unary(Capabilities, 'getAccessCapabilities', request, options);
  return {
    requestableRoles: answer.RequestableRoles,
    suggestedReviewers: answer.SuggestedReviewers,
    applicableRolesForResources: answer.ApplicableRolesForResources,
    isReasonRequired: answer.RequireReason,
    reasonPrompt: answer.RequestPrompt,
    requestsAtLogin: answer.AutoRequest,
  };
}
