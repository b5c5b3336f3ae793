import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { withRoleDefaults } from '../access/role-defaults.ts';
import { labelValues, metadataOf, stamped } from '../resources.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';

/** `{ env: 'dev' }`, `{ env: ['dev', 'test'] }`, `{ '*': '*' }`. */
export type LabelSelector = Readonly<Record<string, string | readonly string[]>>;

/** What a role allows or denies, in the words of role resources. */
export interface RoleGrants {
  readonly logins?: readonly string[];
  readonly appLabels?: LabelSelector;
  /** `labels["env"] == "dev"`; where labels are given too, both must match. */
  readonly appLabelsExpression?: string;
  readonly nodeLabels?: LabelSelector;
  readonly nodeLabelsExpression?: string;
  readonly databaseLabels?: LabelSelector;
  readonly databaseLabelsExpression?: string;
  readonly databaseNames?: readonly string[];
  readonly databaseUsers?: readonly string[];
  readonly kubernetesLabels?: LabelSelector;
  readonly kubernetesLabelsExpression?: string;
  readonly kubernetesGroups?: readonly string[];
  readonly kubernetesUsers?: readonly string[];
  readonly rules?: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
  readonly impersonate?: { readonly users?: readonly string[]; readonly roles?: readonly string[] };
}

export interface RoleFields {
  readonly name: string;
  readonly allow?: RoleGrants;
  readonly deny?: RoleGrants;
  /** The longest that a certificate with this role lives. Default 30 hours. */
  readonly maxSessionTtlMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A role resource of these fields, everything else at its default. */
export function roleFrom({ name, allow = {}, deny = {}, maxSessionTtlMs = 0, labels = {} }: RoleFields): RoleV6 {
  const role = RoleV6.create({
    Metadata: metadataOf({ name, labels }),
    Spec: {
      Options: { MaxSessionTTL: BigInt(maxSessionTtlMs) * NANOSECONDS_PER_MS },
      Allow: conditions(allow),
      Deny: conditions(deny),
    },
  });
  return stamped(withRoleDefaults(role));
}

type Conditions = NonNullable<NonNullable<NonNullable<Parameters<typeof RoleV6.create>[0]>['Spec']>['Allow']>;

function conditions(grants: RoleGrants): Conditions {
  return {
    Logins: [...(grants.logins ?? [])],
    AppLabels: labelValues(grants.appLabels),
    AppLabelsExpression: grants.appLabelsExpression ?? '',
    NodeLabels: labelValues(grants.nodeLabels),
    NodeLabelsExpression: grants.nodeLabelsExpression ?? '',
    DatabaseLabels: labelValues(grants.databaseLabels),
    DatabaseLabelsExpression: grants.databaseLabelsExpression ?? '',
    DatabaseNames: [...(grants.databaseNames ?? [])],
    DatabaseUsers: [...(grants.databaseUsers ?? [])],
    KubernetesLabels: labelValues(grants.kubernetesLabels),
    KubernetesLabelsExpression: grants.kubernetesLabelsExpression ?? '',
    KubeGroups: [...(grants.kubernetesGroups ?? [])],
    KubeUsers: [...(grants.kubernetesUsers ?? [])],
    Rules: (grants.rules ?? []).map(({ resources, verbs }) => ({ Resources: [...resources], Verbs: [...verbs] })),
    ...(grants.impersonate && {
      Impersonate: { Users: [...(grants.impersonate.users ?? [])], Roles: [...(grants.impersonate.roles ?? [])] },
    }),
  };
}
