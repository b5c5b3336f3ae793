import type { Traits } from '@teleport-ts/api-types';
import type { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { RoleConditions, RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { compileLabelExpression, type LabelEnvironment } from '../predicate/label-expression.ts';
import { nameOf } from '../resources.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';
import { checkRoleImpersonation, mayImpersonateUser } from './impersonation.ts';
import { matchesLabels } from './labels.ts';
import type { RuleContext } from './rule-context.ts';
import { type ClauseMode, checkRules, isDenied, type Verb } from './rules.ts';
import { labelsWithTraits, withTraits } from './traits.ts';
import { LABEL_FIELDS, labelExpressionOf, type Usable, usableApp } from './usable.ts';

/** The fields of a role that are lists of names, each with denials that win. */
type NameField =
  | 'Logins'
  | 'KubeGroups'
  | 'KubeUsers'
  | 'DatabaseNames'
  | 'DatabaseUsers'
  | 'AWSRoleARNs'
  | 'AzureIdentities'
  | 'GCPServiceAccounts';

/** The roles that an identity holds, with its traits filled in, and what they let it do. */
export class RoleSet {
  readonly roles: readonly RoleV6[];
  readonly #traits: Traits;
  readonly #holder: (() => UserV2) | undefined;
  readonly #expressions = new Map<string, (environment: LabelEnvironment) => boolean>();

  /** `holder` is who has the roles, for what rules say about users. */
  constructor(roles: readonly RoleV6[], traits: Traits = {}, holder?: () => UserV2) {
    this.#traits = traits;
    this.#holder = holder;
    this.roles = roles.map((role) => applyTraits(role, traits));
  }

  get names(): string[] {
    return this.roles.map(nameOf);
  }

  /** @throws TeleportError `access_denied`, naming each missing verb, or what is wrong with a clause of a rule */
  checkRules(kind: string, verbs: readonly Verb[], about: RuleContext = {}, mode: ClauseMode = 'decided'): void {
    checkRules(this.roles, kind, verbs, this.#about(about), mode);
  }

  mayDo(kind: string, verbs: readonly Verb[], about?: RuleContext): boolean {
    try {
      this.checkRules(kind, verbs, about);
      return true;
    } catch {
      return false;
    }
  }

  /** Whether a rule denies it, and not only that none allows it. */
  denies(kind: string, verb: Verb): boolean {
    return isDenied(this.roles, kind, verb, this.#about());
  }

  /** @throws TeleportError `access_denied` */
  checkRoleImpersonation(user: string, asked: readonly RoleV6[]): void {
    checkRoleImpersonation(user, this.roles, asked, this.#holder?.());
  }

  mayImpersonateUser(user: UserV2, roles: readonly RoleV6[]): boolean {
    return mayImpersonateUser(this.roles, user, roles, this.#holder?.());
  }

  /**
   * By labels: no role may deny, and one must allow. In a denial labels or labels expression suffice, to be allowed both
   * must match where both are set.
   */
  mayUse(resource: Usable): boolean {
    return !this.#isDenied(resource) && this.roles.some((role) => this.#allows(role, resource));
  }

  mayUseApp(app: AppV3): boolean {
    return this.mayUse(usableApp(app));
  }

  /** The logins that the roles which let their holder use a node give on it. */
  loginsOn(node: Usable): string[] {
    if (this.#isDenied(node)) return [];
    const allowing = this.roles.filter((role) => this.#allows(role, node));
    const logins = new Set(allowing.flatMap(({ Spec }) => Spec?.Allow?.Logins ?? []));
    const denied = new Set(this.roles.flatMap(({ Spec }) => Spec?.Deny?.Logins ?? []));
    return denied.has('*') ? [] : [...logins].filter((login) => !denied.has(login));
  }

  /** Nobody is made of a certificate until a rule asks. */
  #about(context: RuleContext = {}): RuleContext {
    const holder = this.#holder;
    return {
      ...context,
      get user() {
        return holder?.();
      },
    };
  }

  #isDenied(resource: Usable): boolean {
    return this.roles.some(
      ({ Spec }) =>
        matchesLabels(Spec?.Deny?.[LABEL_FIELDS[resource.kind]], resource.labels) ||
        this.#matchesExpression(labelExpressionOf(Spec?.Deny, resource.kind), resource, true),
    );
  }

  #allows({ Spec }: RoleV6, resource: Usable): boolean {
    const selector = Spec?.Allow?.[LABEL_FIELDS[resource.kind]];
    const expression = labelExpressionOf(Spec?.Allow, resource.kind);
    const hasSelector = (selector?.Values.size ?? 0) > 0;
    if (!hasSelector && expression === '') return false;
    if (hasSelector && !matchesLabels(selector, resource.labels)) return false;
    return expression === '' || this.#matchesExpression(expression, resource, false);
  }

  /** An expression that fails grants nothing, and in a denial denies. */
  #matchesExpression(source: string, { labels }: Usable, isDenial: boolean): boolean {
    if (source === '') return false;
    try {
      let expression = this.#expressions.get(source);
      if (!expression) {
        expression = compileLabelExpression(source);
        this.#expressions.set(source, expression);
      }
      return expression({ labels: Object.fromEntries(labels), traits: this.#traits });
    } catch {
      return isDenial;
    }
  }

  /** What all roles allow of a field, less what any of them denies; in the order of the roles, each once. */
  allowed(field: NameField): string[] {
    const allowed = new Set(this.roles.flatMap(({ Spec }) => Spec?.Allow?.[field] ?? []));
    const denied = new Set(this.roles.flatMap(({ Spec }) => Spec?.Deny?.[field] ?? []));
    return denied.has('*') ? [] : [...allowed].filter((name) => !denied.has(name));
  }

  /** The smallest of the roles' session limits. */
  maxSessionTtlMs(): number {
    const limits = this.roles
      .map(({ Spec }) => Number((Spec?.Options?.MaxSessionTTL ?? 0n) / NANOSECONDS_PER_MS))
      .filter((limit) => limit > 0);
    return limits.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...limits);
  }

  /** Whether some role lets SSH sessions forward the agent, ports, or X11. */
  get permits(): { agentForwarding: boolean; portForwarding: boolean; x11Forwarding: boolean } {
    const options = this.roles.map(({ Spec }) => Spec?.Options);
    return {
      agentForwarding: options.some((option) => option?.ForwardAgent === true),
      portForwarding: options.some((option) => option?.PortForwarding?.Value !== false),
      x11Forwarding: options.some((option) => option?.PermitX11Forwarding === true),
    };
  }
}

function applyTraits(role: RoleV6, traits: Traits): RoleV6 {
  const Spec = role.Spec && {
    ...role.Spec,
    Allow: conditionsWithTraits(role.Spec.Allow, traits),
    Deny: conditionsWithTraits(role.Spec.Deny, traits),
  };
  return { ...role, Spec };
}

function conditionsWithTraits(conditions: RoleConditions | undefined, traits: Traits): RoleConditions | undefined {
  if (!conditions) return undefined;
  const fill = (values: readonly string[]): string[] => withTraits(values, traits);
  const { Impersonate } = conditions;
  return {
    ...conditions,
    Logins: fill(conditions.Logins),
    KubeGroups: fill(conditions.KubeGroups),
    KubeUsers: fill(conditions.KubeUsers),
    DatabaseNames: fill(conditions.DatabaseNames),
    DatabaseUsers: fill(conditions.DatabaseUsers),
    AWSRoleARNs: fill(conditions.AWSRoleARNs),
    AzureIdentities: fill(conditions.AzureIdentities),
    GCPServiceAccounts: fill(conditions.GCPServiceAccounts),
    AppLabels: labelsWithTraits(conditions.AppLabels, traits),
    ClusterLabels: labelsWithTraits(conditions.ClusterLabels, traits),
    DatabaseLabels: labelsWithTraits(conditions.DatabaseLabels, traits),
    KubernetesLabels: labelsWithTraits(conditions.KubernetesLabels, traits),
    NodeLabels: labelsWithTraits(conditions.NodeLabels, traits),
    Impersonate: Impersonate && { ...Impersonate, Users: fill(Impersonate.Users), Roles: fill(Impersonate.Roles) },
  };
}
