import type { Traits } from '@teleport-ts/api-types';
import {
  AccessRequestConditions,
  type AccessReviewThreshold,
  type RoleV6,
} from '@teleport-ts/api-types/proto/teleport/types/role';
import { withTraits } from '../access/traits.ts';
import { accessDenied } from '../errors.ts';
import { nameOf } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';
import { matchesAny, type RoleMatcher, roleMatchers } from './role-matcher.ts';
import { type StoredUser, storedRoles, storedUser } from './stored-user.ts';

/** What one role that somebody holds says about the roles that its holder may ask for. */
interface Grant {
  readonly matchers: readonly RoleMatcher[];
  readonly allow: AccessRequestConditions;
}

/**
 * What somebody may request: by the roles that the cluster has for them, not by those of their certificate, so that a
 * granted role cannot lead to further ones.
 */
export class RequestRules {
  readonly user: StoredUser;
  readonly #grants: readonly Grant[];
  readonly #denied: readonly RoleMatcher[];
  readonly #deniedAnnotations: ReadonlySet<string>;
  readonly #roles: readonly RoleV6[];

  private constructor(user: StoredUser, roles: readonly RoleV6[]) {
    const { traits } = user;
    this.user = user;
    this.#roles = roles;
    const denies = roles.map(({ Spec }) => Spec?.Deny?.Request ?? AccessRequestConditions.create());
    this.#denied = denies.flatMap(({ Roles, ClaimsToRoles }) => roleMatchers(Roles, ClaimsToRoles, traits));
    this.#deniedAnnotations = new Set(denies.flatMap((deny) => annotationsOf(deny, traits).map(annotationKey)));
    this.#grants = roles.map(({ Spec }) => {
      const allow = Spec?.Allow?.Request ?? AccessRequestConditions.create();
      return { allow, matchers: roleMatchers(allow.Roles, allow.ClaimsToRoles, traits) };
    });
  }

  /** @throws TeleportError `not_found` for a user or a role that there is not, `bad_parameter` for a role's bad pattern */
  static of(state: ClusterState, name: string): RequestRules {
    const user = storedUser(state, name);
    return new RequestRules(user, storedRoles(state, user.roles));
  }

  mayRequest(role: string): boolean {
    return !matchesAny(this.#denied, role) && this.#grants.some(({ matchers }) => matchesAny(matchers, role));
  }

  /** Roles that may be requested and are not held; of all that there are. */
  requestable(state: ClusterState): string[] {
    const all = state.roles.values().map(nameOf);
    return all.filter((name) => !this.user.roles.includes(name) && this.mayRequest(name));
  }

  /**
   * Requests of resources need roles that their requester may search as, which no role of this edition can name.
   *
   * @throws TeleportError `access_denied`, always
   */
  searchAsRoles(): never {
    const user = JSON.stringify(this.user.name);
    throw accessDenied(`Resource Access Requests require usable "search_as_roles", none found for user ${user}`);
  }

  /** Why a reason must be given for these roles; undefined where none needs to be. */
  reasonRequired(roles: readonly string[]): string | undefined {
    if (this.#roles.some(({ Spec }) => Spec?.Options?.RequestAccess === 'reason')) {
      return 'request reason must be specified (required request_access option in one of the roles)';
    }
    // By their names as they are written in the role, not by what those match.
    const demanding = new Set(
      this.#grants.filter(({ allow }) => allow.Reason?.Mode === 'required').flatMap(({ allow }) => allow.Roles),
    );
    const role = roles.find((name) => demanding.has(name));
    return role && `request reason must be specified (required for role ${JSON.stringify(role)})`;
  }

  /** What requesters are asked when they give a reason. */
  get prompts(): string[] {
    const prompts = this.#roles.map(({ Spec }) => Spec?.Options?.RequestPrompt.trim() ?? '');
    return [...new Set(prompts)].filter((prompt) => prompt !== '').sort();
  }

  /** Whether a login makes a request by itself. */
  get requestsAtLogin(): boolean {
    return this.#roles.some(({ Spec }) => ['reason', 'always'].includes(Spec?.Options?.RequestAccess ?? ''));
  }

  get suggestedReviewers(): string[] {
    return this.#grants.flatMap(({ allow }) => allow.SuggestedReviewers);
  }

  /** Each role that lets a role be requested has a say in who must agree: one of its thresholds has to be met. */
  thresholdSets(role: string): (readonly AccessReviewThreshold[])[] {
    return this.#grants.filter(({ matchers }) => matchesAny(matchers, role)).map(({ allow }) => allow.Thresholds);
  }

  /** The longest that a role may be had, 0 where no role says. */
  maxDurationMs(role: string): number {
    const grants = this.#grants.filter(({ matchers }) => matchesAny(matchers, role));
    return Math.max(0, ...grants.map(({ allow }) => Number(allow.MaxDuration / NANOSECONDS_PER_MS)));
  }

  /** What roles say about requests of these roles, for programs that route them. */
  annotations(roles: readonly string[]): Record<string, string[]> {
    const found = this.#grants
      .filter(({ matchers }) => roles.some((role) => matchesAny(matchers, role)))
      .flatMap(({ allow }) => annotationsOf(allow, this.user.traits))
      .filter((annotation) => !this.#deniedAnnotations.has(annotationKey(annotation)));
    const names = [...new Set(found.map(([name]) => name))];
    return Object.fromEntries(
      names.map((name) => [
        name,
        [...new Set(found.filter(([other]) => other === name).map(([, value]) => value))].sort(),
      ]),
    );
  }
}

type Annotation = readonly [name: string, value: string];

const annotationKey = ([name, value]: Annotation): string => JSON.stringify([name, value]);

function annotationsOf({ Annotations }: AccessRequestConditions, traits: Traits): Annotation[] {
  return [...(Annotations?.Values ?? [])].flatMap(([name, { Values }]) =>
    withTraits(Values.filter(isKnownTemplate), traits).map((value) => [name, value] as const),
  );
}

const INTERNAL_TRAITS = new Set(
  (
    'logins windows_logins kubernetes_groups kubernetes_users db_names db_users db_roles aws_role_arns ' +
    'azure_identities gcp_service_accounts jwt github_orgs'
  ).split(' '),
);

/** A template of an internal trait that there is not makes nothing. */
function isKnownTemplate(template: string): boolean {
  const [, dotted, quoted] = /\{\{\s*internal(?:\.([\w-]+)|\["([^"]+)"\])\s*\}\}/.exec(template) ?? [];
  const name = dotted ?? quoted;
  return name === undefined || INTERNAL_TRAITS.has(name);
}
