import { randomBytes } from 'node:crypto';
import {
  type AccessRequestSpecV3,
  type AccessRequestV3,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { checkAndSetDefaults, formatResourceId, resourceIdOf } from '@teleport-ts/api-types/resources/access-request';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { labelValues, nameOf } from '../resources.ts';
import { toTimestamp } from '../timestamps.ts';
import { RequestRules } from './request-rules.ts';
import { checkAssumeStart, requestTimes } from './request-times.ts';
import { stateName } from './state-name.ts';
import { thresholdsOf } from './thresholds.ts';

const MAX_REASON_BYTES = 4096;
const MAX_RESOURCES = 300;
const MAX_RESOURCE_TEXT = 2048;

/**
 * What holds for any request that is sent or stored.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkedRequest(given: AccessRequestV3): AccessRequestV3 {
  const request = checkAndSetDefaults(given);
  const spec = request.Spec as AccessRequestSpecV3;
  if (!isUuid(nameOf(request))) throw badParameter(`invalid access request ID ${JSON.stringify(nameOf(request))}`);
  const reasons = { 'reason is': spec.RequestReason, 'resolve reason is': spec.ResolveReason };
  for (const [what, reason] of Object.entries(reasons)) {
    if (Buffer.byteLength(reason) > MAX_REASON_BYTES) {
      throw badParameter(`access request ${what} too long, max ${MAX_REASON_BYTES} bytes`);
    }
  }
  const count = spec.RequestedResourceIDs.length;
  if (count > MAX_RESOURCES) {
    throw badParameter(`access request contains too many resources (${count}), max ${MAX_RESOURCES}`);
  }
  return request;
}

/** @throws TeleportError `not_found` for resources of clusters that there are not */
export function checkResourceClusters({ state }: ClusterContext, { Spec }: AccessRequestV3): void {
  const named = (Spec?.RequestedResourceIDs ?? []).map(({ ClusterName }) => ClusterName);
  const unknown = named.filter((name) => name !== '' && name !== state.name && !state.remoteClusters.has(name));
  if (unknown.length > 0) {
    const list = [...new Set(unknown)].join(', ');
    throw notFound(`access request contains invalid or unknown cluster names: ${list}`);
  }
}

/**
 * A request as it is stored: under a name of the cluster's, with the roles that a wildcard stands for, the thresholds,
 * annotations and reviewers that the requester's roles name, and its times.
 *
 * @param identityExpires when the certificate of whoever sends it ends, in milliseconds since 1970
 * @throws TeleportError `bad_parameter`, `access_denied`, `not_found`
 */
export function preparedRequest(
  { state, clock }: ClusterContext,
  given: AccessRequestV3,
  identityExpires: number,
): AccessRequestV3 {
  const now = clock.now();
  const sent = given.Spec as AccessRequestSpecV3;
  const rules = RequestRules.of(state, sent.User);
  const Roles = expandedRoles(sent, () => rules.requestable(state));
  const asked = { ...sent, Roles, Created: toTimestamp(now) };
  checkMayRequest(rules, asked);
  if (asked.RequestedResourceIDs.length > 0) {
    const ids = new Set(asked.RequestedResourceIDs.map((id) => formatResourceId(resourceIdOf(id))));
    if ([...ids].reduce((length, id) => length + id.length, 0) > MAX_RESOURCE_TEXT) {
      throw badParameter('access request exceeds maximum length: try reducing the number of resources in the request');
    }
    rules.searchAsRoles();
  }
  const { thresholds, mapping } = thresholdsOf(rules, Roles);
  const times = requestTimes(state, rules, { ...given, Spec: asked }, now, identityExpires);
  checkAssumeStart(sent.AssumeStartTime, now, times.access);
  const suggested = sent.SuggestedReviewers.length > 0 ? sent.SuggestedReviewers : rules.suggestedReviewers;
  const Spec: AccessRequestSpecV3 = {
    ...asked,
    Thresholds: thresholds,
    RoleThresholdMapping: mapping,
    SystemAnnotations: labelValues(rules.annotations(Roles)),
    SuggestedReviewers: sent.SuggestedReviewers.length > 0 ? suggested : [...new Set(suggested)],
    SessionTTL: toTimestamp(times.session),
    MaxDuration: toTimestamp(times.access),
    Expires: toTimestamp(times.access),
    ResourceExpiry: toTimestamp(times.request),
    ...(sent.DryRun && {
      DryRunEnrichment: {
        ReasonMode: rules.reasonRequired(Roles) === undefined ? 'optional' : 'required',
        ReasonPrompts: rules.prompts,
      },
    }),
  };
  const Metadata = { ...(given.Metadata as NonNullable<AccessRequestV3['Metadata']>), Name: uuidV7(now) };
  return { ...given, Metadata, Spec };
}

/**
 * Whether a stored request is still one that its requester could make; its roles may have changed since.
 *
 * @throws TeleportError `bad_parameter`, `not_found`
 */
export function checkStillRequestable({ state }: ClusterContext, { Spec }: AccessRequestV3): void {
  const spec = Spec as AccessRequestSpecV3;
  checkMayRequest(RequestRules.of(state, spec.User), spec);
}

function expandedRoles({ Roles, State }: AccessRequestSpecV3, requestable: () => string[]): string[] {
  if (Roles.length !== 1 || Roles[0] !== '*') return Roles;
  if (State !== RequestState.PENDING) {
    throw badParameter(`wildcard requests are not permitted in state ${stateName(State)}`);
  }
  const roles = requestable();
  if (roles.length === 0) throw badParameter('no requestable roles, please verify static RBAC configuration');
  return roles;
}

function checkMayRequest(rules: RequestRules, spec: AccessRequestSpecV3): void {
  const { Roles, RequestedResourceIDs, RequestReason, DryRun, accessList, State } = spec;
  if (State !== RequestState.PROMOTED && accessList?.Title) {
    throw badParameter('only promoted requests can set the promoted access list title');
  }
  const needsReason = DryRun || RequestReason.trim() === '';
  if (needsReason) {
    const explanation = rules.reasonRequired(Roles);
    if (explanation !== undefined && !DryRun) throw badParameter(explanation);
    if (RequestedResourceIDs.length > 0) rules.searchAsRoles();
  }
  const isForResources = RequestedResourceIDs.length > 0;
  const refused = Roles.find((role) => isForResources || !rules.mayRequest(role));
  if (refused !== undefined) {
    throw badParameter(`user ${JSON.stringify(spec.User)} can not request role ${JSON.stringify(refused)}`);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** With or without dashes, in braces, or as a URN. */
function isUuid(text: string): boolean {
  const bare = text.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  return UUID.test(bare) || /^[0-9a-f]{32}$/i.test(text);
}

/** Names are in the order in which the requests were made, to the millisecond. */
function uuidV7(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
