import { RequireMFAType } from '@teleport-ts/api-types/proto/teleport/types/mfa_policy';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { accessDenied, badParameter } from '../errors.ts';
import { compileReviewExpression, compileThresholdExpression } from '../predicate/review-expression.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';

const MAX_ACCESS_MS = 14 * 86_400_000;
const HARDWARE_KEY = new Set<RequireMFAType>([
  RequireMFAType.SESSION_AND_HARDWARE_KEY,
  RequireMFAType.HARDWARE_KEY_TOUCH,
  RequireMFAType.HARDWARE_KEY_PIN,
  RequireMFAType.HARDWARE_KEY_TOUCH_AND_PIN,
]);

/**
 * What only a server can refuse in a role: what its edition does not have, and what another version made of the role.
 * This cluster is a community edition.
 *
 * @throws TeleportError `access_denied` or `bad_parameter`
 */
export function checkRoleFeatures(role: RoleV6): void {
  const downgraded = role.Metadata?.Labels.get('teleport.internal/downgraded');
  if (downgraded) {
    throw badParameter(
      `refusing to upsert role because teleport.internal/downgraded label is set with reason ${JSON.stringify(downgraded)}`,
    );
  }
  checkEdition(role);
  const allow = role.Spec?.Allow?.Request;
  const deny = role.Spec?.Deny?.Request;
  if ((deny?.Thresholds.length ?? 0) > 0) {
    throw badParameter('deny.request cannot contain thresholds, set denial counts in allow.request.thresholds instead');
  }
  for (const { Filter } of allow?.Thresholds ?? []) checkPredicate('threshold', Filter, compileThresholdExpression);
  for (const conditions of [role.Spec?.Deny, role.Spec?.Allow]) {
    checkPredicate('review', conditions?.ReviewRequests?.Where ?? '', compileReviewExpression);
  }
  if ((allow?.MaxDuration ?? 0n) > BigInt(MAX_ACCESS_MS) * NANOSECONDS_PER_MS) {
    throw badParameter('max access duration must be less than or equal to 336h0m0s');
  }
  if (HARDWARE_KEY.has(role.Spec?.Options?.RequireMFAType ?? RequireMFAType.OFF)) {
    throw accessDenied('Hardware Key support is only available with an enterprise license');
  }
  if (deny?.Reason?.Mode) throw badParameter('request reason mode can be provided only for allow rules');
  const mode = allow?.Reason?.Mode ?? '';
  if (!['', 'required', 'optional'].includes(mode)) {
    throw badParameter(`unrecognized request reason mode ${JSON.stringify(mode)}, must be one of: [required optional]`);
  }
  if (role.Spec?.Options?.IDP && role.Version === 'v8') {
    throw badParameter('idp option is only supported in role version 7 and below');
  }
}

function checkPredicate(what: string, source: string, compile: (source: string) => unknown): void {
  if (source === '') return;
  try {
    compile(source);
  } catch (error) {
    throw badParameter(`invalid ${what} predicate: ${JSON.stringify(source)}, ${(error as Error).message}`);
  }
}

function checkEdition({ Spec }: RoleV6): void {
  const { Options, Allow } = Spec ?? {};
  const only = (what: string): Error => accessDenied(`role ${what} is only available in enterprise subscriptions`);
  if (Options?.PinSourceIP) throw only('option pin_source_ip');
  if ((Options?.MaxSessions ?? 0n) > 0n) throw only('option max_sessions');
  const strategy = Options?.RequestAccess ?? '';
  if (strategy === 'reason' || strategy === 'always') throw only(`option request_access: ${strategy}`);
  if ((Allow?.Request?.Thresholds.length ?? 0) > 0) throw only('field allow.request.thresholds');
  const review = Allow?.ReviewRequests;
  if (
    review &&
    (review.Roles.length > 0 || review.ClaimsToRoles.length > 0 || review.Where || review.PreviewAsRoles.length > 0)
  )
    throw only('field allow.review_requests');
  if ((Allow?.Request?.SearchAsRoles.length ?? 0) > 0) throw only('field allow.search_as_roles');
}
