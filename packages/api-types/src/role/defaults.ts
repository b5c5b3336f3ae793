import { nanosecondsFromMs } from '../duration.ts';
import {
  type KubernetesResource,
  RoleConditions,
  RoleOptions,
  RoleSpecV6,
  type RoleV6,
} from '../gen/teleport/types/role.ts';
import type { LabelValues } from '../gen/teleport/wrappers/labels.ts';
import { labelValues } from '../resources/labels.ts';
import { checkMetadata } from '../resources/metadata.ts';
import { checkRole } from './checks.ts';

const DEFAULT_MAX_SESSION_TTL_MS = 30 * 3_600_000;

/** What a version of roles means by a field that is not set. */
interface RoleVersion {
  /** Labels that are not set match everything. */
  readonly unsetLabelsMatchAll: boolean;
  /** Who may use a Kubernetes cluster may use these of its resources. */
  readonly kubernetesResource: Partial<KubernetesResource> | undefined;
  /** Verbs of Kubernetes resources may be left out. */
  readonly defaultsVerbs: boolean;
  /** The identity provider is on. */
  readonly hasIdentityProvider: boolean;
}

const ALL = { Namespace: '*', Name: '*' };
const V4 = {
  unsetLabelsMatchAll: false,
  kubernetesResource: { ...ALL, Kind: 'pod' },
  defaultsVerbs: true,
  hasIdentityProvider: true,
};
const V7_RESOURCE = { ...ALL, Kind: '*', Verbs: ['*'] };
const VERSIONS: Readonly<Record<string, RoleVersion>> = {
  v3: { ...V4, unsetLabelsMatchAll: true },
  v4: V4,
  v5: V4,
  v6: { ...V4, kubernetesResource: undefined },
  v7: { ...V4, kubernetesResource: V7_RESOURCE, defaultsVerbs: false },
  v8: {
    ...V4,
    kubernetesResource: { ...V7_RESOURCE, APIGroup: '*' },
    defaultsVerbs: false,
    hasIdentityProvider: false,
  },
};

const NEWEST = 'v8';

/**
 * What holds for any role, whichever cluster it is for, with the defaults of its version. What only a cluster can know
 * (its edition, whether a role is in use) it checks itself.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(role: RoleV6): RoleV6 {
  const Metadata = checkMetadata(role.Metadata);
  // A version that nobody knows is taken for the newest.
  const Version = Object.hasOwn(VERSIONS, role.Version) ? role.Version : NEWEST;
  const version = VERSIONS[Version] as RoleVersion;
  const spec = role.Spec ?? RoleSpecV6.create();
  const result: RoleV6 = {
    ...role,
    Kind: 'role',
    Version,
    Metadata,
    Spec: {
      ...spec,
      Options: withOptionDefaults(spec.Options ?? RoleOptions.create(), version),
      Allow: withAllowDefaults(spec.Allow ?? RoleConditions.create(), version),
      Deny: withConditionDefaults(spec.Deny ?? RoleConditions.create(), version),
    },
  };
  checkRole(result);
  return result;
}

function withOptionDefaults(options: RoleOptions, { hasIdentityProvider }: RoleVersion): RoleOptions {
  const yes = { Value: true };
  const isLimited = options.MaxSessionTTL > 0n;
  return {
    ...options,
    MaxSessionTTL: isLimited ? options.MaxSessionTTL : nanosecondsFromMs(DEFAULT_MAX_SESSION_TTL_MS),
    CertificateFormat: options.CertificateFormat || 'standard',
    BPF: options.BPF.length > 0 ? options.BPF : ['command', 'network'],
    RecordSession: options.RecordSession ?? { Desktop: yes, Default: 'best_effort', SSH: '' },
    DesktopClipboard: options.DesktopClipboard ?? yes,
    DesktopDirectorySharing: options.DesktopDirectorySharing ?? yes,
    SSHFileCopy: options.SSHFileCopy ?? yes,
    IDP: options.IDP ?? (hasIdentityProvider ? { SAML: { Enabled: yes } } : undefined),
    CreateDesktopUser: options.CreateDesktopUser ?? { Value: false },
    CreateDatabaseUser: options.CreateDatabaseUser ?? { Value: false },
    MFAVerificationInterval: options.MFAVerificationInterval ?? { seconds: 0n, nanos: 0 },
  };
}

function withAllowDefaults(allow: RoleConditions, version: RoleVersion): RoleConditions {
  const unset = (isAll: boolean, labels: LabelValues | undefined): LabelValues | undefined =>
    version.unsetLabelsMatchAll && isAll && (labels?.Values.size ?? 0) === 0 ? labelValues({ '*': '*' }) : labels;
  const KubernetesLabels = unset(true, allow.KubernetesLabels);
  const { kubernetesResource } = version;
  const mayUseKubernetes = (KubernetesLabels?.Values.size ?? 0) > 0 || allow.KubernetesLabelsExpression !== '';
  return withConditionDefaults(
    {
      ...allow,
      NodeLabels: unset(allow.Logins.length > 0, allow.NodeLabels),
      AppLabels: unset(true, allow.AppLabels),
      DatabaseLabels: unset(true, allow.DatabaseLabels),
      KubernetesLabels,
      KubernetesResources:
        allow.KubernetesResources.length === 0 && kubernetesResource && mayUseKubernetes
          ? [{ Kind: '', Namespace: '', Name: '', Verbs: [], APIGroup: '', ...kubernetesResource }]
          : allow.KubernetesResources,
    },
    version,
  );
}

function withConditionDefaults(conditions: RoleConditions, { defaultsVerbs }: RoleVersion): RoleConditions {
  return {
    ...conditions,
    Namespaces: conditions.Namespaces.length > 0 ? conditions.Namespaces : ['default'],
    NodeLabels: conditions.NodeLabels ?? labelValues(),
    AppLabels: conditions.AppLabels ?? labelValues(),
    ClusterLabels: conditions.ClusterLabels ?? labelValues(),
    KubernetesLabels: conditions.KubernetesLabels ?? labelValues(),
    DatabaseLabels: conditions.DatabaseLabels ?? labelValues(),
    WindowsDesktopLabels: conditions.WindowsDesktopLabels ?? labelValues(),
    DatabaseServiceLabels: conditions.DatabaseServiceLabels ?? labelValues(),
    GroupLabels: conditions.GroupLabels ?? labelValues(),
    WorkloadIdentityLabels: conditions.WorkloadIdentityLabels ?? labelValues(),
    Request: conditions.Request && {
      ...conditions.Request,
      Annotations: conditions.Request.Annotations ?? labelValues(),
    },
    KubernetesResources: conditions.KubernetesResources.map((resource) =>
      defaultsVerbs && resource.Verbs.length === 0 ? { ...resource, Verbs: ['*'] } : resource,
    ),
  };
}
