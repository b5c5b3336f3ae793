import { isDeepStrictEqual } from 'node:util';
import { msFromNanoseconds, nanosecondsFromMs } from '../duration.ts';
import { type AccessRequestConditions, RoleConditions } from '../gen/teleport/types/role.ts';
import { fromLabelValues, type LabelSelector, labelValues } from '../resources/labels.ts';

/** Verbs on kinds of resources of the cluster itself. */
export interface RoleRule {
  readonly resources: readonly string[];
  /** `list`, `create`, `read`, `update`, `delete`, `readnosecrets`, `rotate`, `use`, …, `*`. */
  readonly verbs: readonly string[];
  /** A predicate; none is always. */
  readonly where?: string;
  readonly actions?: readonly string[];
}

/** In whose name, and with which roles, certificates may be issued. */
export interface RoleImpersonation {
  readonly users?: readonly string[];
  readonly roles?: readonly string[];
  /** A predicate; none is always. */
  readonly where?: string;
}

/** A value of a trait that stands for roles. */
export interface RoleClaim {
  readonly claim: string;
  readonly value: string;
  readonly roles: readonly string[];
}

/** What may be asked for by an access request. */
export interface RoleRequestConditions {
  readonly roles?: readonly string[];
  readonly claimsToRoles?: readonly RoleClaim[];
  readonly annotations?: LabelSelector;
  /** How many approvals or denials decide. None: one of each. */
  readonly thresholds?: readonly {
    readonly name?: string;
    readonly filter?: string;
    readonly approve?: number;
    readonly deny?: number;
  }[];
  readonly suggestedReviewers?: readonly string[];
  readonly searchAsRoles?: readonly string[];
  /** In milliseconds. */
  readonly maxDurationMs?: number;
  readonly kubernetesResources?: readonly { readonly kind: string; readonly apiGroup?: string }[];
  /** `required` or `optional`. */
  readonly reasonMode?: string;
}

/** Whose access requests may be reviewed. */
export interface RoleReviewConditions {
  readonly roles?: readonly string[];
  readonly claimsToRoles?: readonly RoleClaim[];
  readonly where?: string;
  readonly previewAsRoles?: readonly string[];
}

/** Which resources of a Kubernetes cluster. */
export interface RoleKubernetesResource {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly verbs?: readonly string[];
  /** Roles of `v8`: the API group of the kind. */
  readonly apiGroup?: string;
}

const LISTS = {
  logins: 'Logins',
  kubernetesGroups: 'KubeGroups',
  kubernetesUsers: 'KubeUsers',
  databaseNames: 'DatabaseNames',
  databaseUsers: 'DatabaseUsers',
  databaseRoles: 'DatabaseRoles',
  awsRoleArns: 'AWSRoleARNs',
  azureIdentities: 'AzureIdentities',
  gcpServiceAccounts: 'GCPServiceAccounts',
  windowsDesktopLogins: 'WindowsDesktopLogins',
  desktopGroups: 'DesktopGroups',
  hostGroups: 'HostGroups',
  hostSudoers: 'HostSudoers',
} as const;

const LABELS = {
  nodeLabels: 'NodeLabels',
  appLabels: 'AppLabels',
  clusterLabels: 'ClusterLabels',
  databaseLabels: 'DatabaseLabels',
  databaseServiceLabels: 'DatabaseServiceLabels',
  groupLabels: 'GroupLabels',
  kubernetesLabels: 'KubernetesLabels',
  windowsDesktopLabels: 'WindowsDesktopLabels',
  workloadIdentityLabels: 'WorkloadIdentityLabels',
} as const;

const EXPRESSIONS = {
  nodeLabelsExpression: 'NodeLabelsExpression',
  appLabelsExpression: 'AppLabelsExpression',
  clusterLabelsExpression: 'ClusterLabelsExpression',
  databaseLabelsExpression: 'DatabaseLabelsExpression',
  databaseServiceLabelsExpression: 'DatabaseServiceLabelsExpression',
  groupLabelsExpression: 'GroupLabelsExpression',
  kubernetesLabelsExpression: 'KubernetesLabelsExpression',
  windowsDesktopLabelsExpression: 'WindowsDesktopLabelsExpression',
  workloadIdentityLabelsExpression: 'WorkloadIdentityLabelsExpression',
} as const;

/**
 * One side of a role, what it allows or what it denies, in the words of its YAML. Selectors are `{ env: ['dev', 'test'] }`;
 * where an expression (`labels["env"] == "dev"`) stands beside them, both must match.
 */
export type RoleConditionsView = {
  readonly [K in keyof typeof LISTS]: readonly string[];
} & { readonly [K in keyof typeof LABELS]: Readonly<Record<string, readonly string[]>> } & {
  readonly [K in keyof typeof EXPRESSIONS]: string;
} & {
  readonly rules: readonly RoleRule[];
  readonly impersonate: RoleImpersonation | undefined;
  readonly request: RoleRequestConditions | undefined;
  readonly reviewRequests: RoleReviewConditions | undefined;
  readonly kubernetesResources: readonly RoleKubernetesResource[];
};

/** As {@link RoleConditionsView}, with any field left out and a list of one as its text. */
export type RoleConditionsFields = {
  readonly [K in keyof RoleConditionsView]?: K extends keyof typeof LABELS ? LabelSelector : RoleConditionsView[K];
};

/** The conditions of a message. */
export function conditionsView(message: RoleConditions = RoleConditions.create()): RoleConditionsView {
  const of = <T extends object, V>(table: T, read: (field: T[keyof T]) => V): { [K in keyof T]: V } =>
    Object.fromEntries(Object.entries(table).map(([name, field]) => [name, read(field)])) as { [K in keyof T]: V };
  const { Impersonate, Request, ReviewRequests } = message;
  return {
    ...of(LISTS, (field) => message[field]),
    ...of(LABELS, (field) => fromLabelValues(message[field])),
    ...of(EXPRESSIONS, (field) => message[field]),
    rules: message.Rules.map(({ Resources, Verbs, Where, Actions }) => ({
      resources: Resources,
      verbs: Verbs,
      where: Where,
      actions: Actions,
    })),
    impersonate: Impersonate && { users: Impersonate.Users, roles: Impersonate.Roles, where: Impersonate.Where },
    request: Request && requestView(Request),
    reviewRequests: ReviewRequests && {
      roles: ReviewRequests.Roles,
      claimsToRoles: claimsView(ReviewRequests.ClaimsToRoles),
      where: ReviewRequests.Where,
      previewAsRoles: ReviewRequests.PreviewAsRoles,
    },
    kubernetesResources: message.KubernetesResources.map(({ Kind, Name, Namespace, Verbs, APIGroup }) => ({
      kind: Kind,
      name: Name,
      namespace: Namespace,
      verbs: Verbs,
      apiGroup: APIGroup,
    })),
  };
}

/** The message of conditions, written onto the one before; what is not given, or as it was, stays untouched. */
export function conditionsFrom(
  fields: RoleConditionsFields,
  before: RoleConditions = RoleConditions.create(),
): RoleConditions {
  const was = conditionsView(before);
  const isChanged = (name: keyof RoleConditionsFields): boolean =>
    name in fields && !isDeepStrictEqual(fields[name], was[name]);
  const result: RoleConditions = { ...before };
  for (const [name, field] of entriesOf(LISTS)) if (isChanged(name)) result[field] = [...(fields[name] ?? [])];
  for (const [name, field] of entriesOf(LABELS)) if (isChanged(name)) result[field] = labelValues(fields[name]);
  for (const [name, field] of entriesOf(EXPRESSIONS)) result[field] = fields[name] ?? before[field];
  if (isChanged('rules')) {
    result.Rules = (fields.rules ?? []).map(({ resources, verbs, where = '', actions = [] }) => ({
      Resources: [...resources],
      Verbs: [...verbs],
      Where: where,
      Actions: [...actions],
    }));
  }
  if (isChanged('impersonate')) {
    const { users = [], roles = [], where = '' } = fields.impersonate ?? {};
    result.Impersonate = fields.impersonate && { Users: [...users], Roles: [...roles], Where: where };
  }
  if (isChanged('request')) result.Request = fields.request && requestFrom(fields.request);
  if (isChanged('reviewRequests')) {
    const { roles = [], claimsToRoles, where = '', previewAsRoles = [] } = fields.reviewRequests ?? {};
    result.ReviewRequests = fields.reviewRequests && {
      Roles: [...roles],
      ClaimsToRoles: claimsFrom(claimsToRoles),
      Where: where,
      PreviewAsRoles: [...previewAsRoles],
    };
  }
  if (isChanged('kubernetesResources')) {
    result.KubernetesResources = (fields.kubernetesResources ?? []).map(
      ({ kind, name, namespace = '', verbs = [], apiGroup = '' }) => ({
        Kind: kind,
        Name: name,
        Namespace: namespace,
        Verbs: [...verbs],
        APIGroup: apiGroup,
      }),
    );
  }
  return result;
}

const entriesOf = <T extends object>(table: T): [keyof T, T[keyof T]][] =>
  Object.entries(table) as [keyof T, T[keyof T]][];

const claimsView = (claims: AccessRequestConditions['ClaimsToRoles']): RoleClaim[] =>
  claims.map(({ Claim, Value, Roles }) => ({ claim: Claim, value: Value, roles: Roles }));

const claimsFrom = (claims: readonly RoleClaim[] = []): AccessRequestConditions['ClaimsToRoles'] =>
  claims.map(({ claim, value, roles }) => ({ Claim: claim, Value: value, Roles: [...roles] }));

function requestView(request: AccessRequestConditions): RoleRequestConditions {
  return {
    roles: request.Roles,
    claimsToRoles: claimsView(request.ClaimsToRoles),
    annotations: fromLabelValues(request.Annotations),
    thresholds: request.Thresholds.map(({ Name, Filter, Approve, Deny }) => ({
      name: Name,
      filter: Filter,
      approve: Approve,
      deny: Deny,
    })),
    suggestedReviewers: request.SuggestedReviewers,
    searchAsRoles: request.SearchAsRoles,
    maxDurationMs: msFromNanoseconds(request.MaxDuration),
    kubernetesResources: request.kubernetesResources.map(({ kind, APIGroup }) => ({ kind, apiGroup: APIGroup })),
    reasonMode: request.Reason?.Mode ?? '',
  };
}

function requestFrom(fields: RoleRequestConditions): AccessRequestConditions {
  const { roles = [], thresholds = [], suggestedReviewers = [], searchAsRoles = [], kubernetesResources = [] } = fields;
  return {
    Roles: [...roles],
    ClaimsToRoles: claimsFrom(fields.claimsToRoles),
    Annotations: labelValues(fields.annotations),
    Thresholds: thresholds.map(({ name = '', filter = '', approve = 0, deny = 0 }) => ({
      Name: name,
      Filter: filter,
      Approve: approve,
      Deny: deny,
    })),
    SuggestedReviewers: [...suggestedReviewers],
    SearchAsRoles: [...searchAsRoles],
    MaxDuration: nanosecondsFromMs(fields.maxDurationMs ?? 0),
    kubernetesResources: kubernetesResources.map(({ kind, apiGroup = '' }) => ({ kind, APIGroup: apiGroup })),
    Reason: fields.reasonMode ? { Mode: fields.reasonMode } : undefined,
  };
}
