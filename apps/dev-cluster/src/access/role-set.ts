import type { Traits } from '@teleport-ts/api-types';
import type { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { RoleConditions, RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { nameOf } from '../resources.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';
import { checkRoleImpersonation, mayImpersonateUser } from './impersonation.ts';
import { matchesLabels } from './labels.ts';
import { checkRules, type Verb } from './rules.ts';
import { labelsWithTraits, withTraits } from './traits.ts';

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

  constructor(roles: readonly RoleV6[], traits: Traits = {}) {
    this.roles = roles.map((role) => applyTraits(role, traits));
  }

  get names(): string[] {
    return this.roles.map(nameOf);
  }

  /** @throws TeleportError `access_denied`, naming each missing verb */
  checkRules(kind: string, verbs: readonly Verb[]): void {
    checkRules(this.roles, kind, verbs);
  }

  mayDo(kind: string, verbs: readonly Verb[]): boolean {
    try {
      this.checkRules(kind, verbs);
      return true;
    } catch {
      return false;
    }
  }

  /** @throws TeleportError `access_denied` */
  checkRoleImpersonation(user: string, asked: readonly string[]): void {
    checkRoleImpersonation(user, this.roles, asked);
  }

  mayImpersonateUser(user: string, roles: readonly string[]): boolean {
    return mayImpersonateUser(this.roles, user, roles);
  }

  /** By labels. A labels expression is not modelled: in `allow` it grants nothing, in `deny` it denies everything. */
  mayUseApp(app: AppV3): boolean {
    const labels = appLabels(app);
    const denied = this.roles.some(
      ({ Spec }) => matchesLabels(Spec?.Deny?.AppLabels, labels) || !!Spec?.Deny?.AppLabelsExpression,
    );
    return !denied && this.roles.some(({ Spec }) => matchesLabels(Spec?.Allow?.AppLabels, labels));
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

/** An application's labels, those that its commands found included. */
export function appLabels(app: AppV3): Map<string, string> {
  const labels = new Map(app.Metadata?.Labels);
  for (const [key, command] of app.Spec?.DynamicLabels ?? []) labels.set(key, command.Result);
  return labels;
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
    Impersonate: Impersonate && { ...Impersonate, Users: fill(Impersonate.Users), Roles: fill(Impersonate.Roles) },
  };
}
