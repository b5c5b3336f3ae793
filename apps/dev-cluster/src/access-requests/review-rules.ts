import type { TlsIdentity } from '@teleport-ts/api-types';
import type { AccessRequestV3 } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { AccessReviewConditions } from '@teleport-ts/api-types/proto/teleport/types/role';
import { originalRoles } from '@teleport-ts/api-types/resources/access-request';
import { badParameter } from '../errors.ts';
import { compileReviewExpression, type ReviewEnvironment } from '../predicate/review-expression.ts';
import { fromLabelValues } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { matchesAny, type RoleMatcher, roleMatchers } from './role-matcher.ts';
import { type StoredUser, storedRoles, storedUser } from './stored-user.ts';

interface Rule {
  readonly where: string;
  readonly matchers: readonly RoleMatcher[];
}

/** What somebody may review: all roles that a request was made for must be covered, and none of them denied. */
export class ReviewRules {
  readonly reviewer: StoredUser;
  readonly #allow: readonly Rule[];
  readonly #deny: readonly Rule[];

  private constructor(state: ClusterState, reviewer: StoredUser) {
    this.reviewer = reviewer;
    const roles = storedRoles(state, reviewer.roles);
    const rule = (conditions = AccessReviewConditions.create()): Rule => ({
      where: conditions.Where,
      matchers: roleMatchers(conditions.Roles, conditions.ClaimsToRoles, reviewer.traits),
    });
    this.#allow = roles.map(({ Spec }) => rule(Spec?.Allow?.ReviewRequests));
    this.#deny = roles.map(({ Spec }) => rule(Spec?.Deny?.ReviewRequests));
  }

  /**
   * People review by the roles that the cluster has for them, so that a granted role lets nobody grant more; bots by those
   * of their certificate, since what they work with is always impersonated.
   *
   * @throws TeleportError `not_found` for a user or a role that there is not, `bad_parameter` for a role's bad pattern
   */
  static of(state: ClusterState, author: string, identity: TlsIdentity | undefined): ReviewRules {
    const user = storedUser(state, author);
    if (!user.isBot) return new ReviewRules(state, user);
    if (!identity) throw badParameter('bot user provided but identity parameter is nil');
    if (identity.user !== author) throw badParameter('bot identity username and review author mismatch');
    if (identity.activeRequests.length > 0) throw badParameter('bot should not have active requests');
    return new ReviewRules(state, { ...user, roles: identity.roles });
  }

  /** Whether there is anything at all that it may review. */
  get allowsAnything(): boolean {
    return this.#allow.some(({ matchers }) => matchers.length > 0);
  }

  /** @throws for a role's `where` that is no expression: with code `unknown` or `bad_parameter` */
  mayReview(request: AccessRequestV3): boolean {
    const { Spec } = request;
    if (!Spec || Spec.User === this.reviewer.name) return false;
    const roles = originalRoles(Spec);
    const environment = reviewEnvironment(this.reviewer, request);
    const holds = ({ where }: Rule): boolean => where === '' || compileReviewExpression(where)(environment);
    const denying = this.#deny.filter(({ matchers }) => matchers.length > 0).filter(holds);
    if (denying.some(({ matchers }) => roles.some((role) => matchesAny(matchers, role)))) return false;
    const allowing = this.#allow.filter(({ matchers }) => matchers.length > 0).filter(holds);
    return roles.every((role) => allowing.some(({ matchers }) => matchesAny(matchers, role)));
  }
}

/** What the expressions about a review may ask of its author and of the request. */
export function reviewEnvironment(reviewer: StoredUser, { Spec }: AccessRequestV3): ReviewEnvironment {
  return {
    reviewer: { roles: reviewer.roles, traits: reviewer.traits },
    request: {
      roles: Spec ? originalRoles(Spec) : [],
      reason: Spec?.RequestReason ?? '',
      systemAnnotations: fromLabelValues(Spec?.SystemAnnotations),
    },
  };
}
