import { RoleConditions, RoleOptions, RoleSpecV6, type RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { badParameter } from '../errors.ts';
import { labelValues } from '../resources.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';

const DEFAULT_MAX_SESSION_TTL_MS = 30 * 3_600_000;
const VERSIONS = new Set(['v3', 'v4', 'v5', 'v6', 'v7', 'v8']);

/** Checks a role that somebody sends and fills in what the real one fills in when it loads a role. */
export function withRoleDefaults(role: RoleV6): RoleV6 {
  if (!role.Metadata?.Name) throw badParameter('missing parameter Name');
  const version = role.Version || 'v8';
  if (!VERSIONS.has(version)) throw badParameter(`unrecognized role version: ${version}`);
  const spec = role.Spec ?? RoleSpecV6.create();
  return {
    ...role,
    Kind: 'role',
    Version: version,
    Spec: {
      ...spec,
      Options: withOptionDefaults(spec.Options ?? RoleOptions.create()),
      Allow: withConditionDefaults(spec.Allow ?? RoleConditions.create()),
      Deny: withConditionDefaults(spec.Deny ?? RoleConditions.create()),
    },
  };
}

function withOptionDefaults(options: RoleOptions): RoleOptions {
  const yes = { Value: true };
  return {
    ...options,
    MaxSessionTTL: options.MaxSessionTTL || BigInt(DEFAULT_MAX_SESSION_TTL_MS) * NANOSECONDS_PER_MS,
    CertificateFormat: options.CertificateFormat || 'standard',
    BPF: options.BPF.length > 0 ? options.BPF : ['command', 'network'],
    RecordSession: options.RecordSession ?? { Desktop: yes, Default: 'best_effort', SSH: '' },
    DesktopClipboard: options.DesktopClipboard ?? yes,
    DesktopDirectorySharing: options.DesktopDirectorySharing ?? yes,
    SSHFileCopy: options.SSHFileCopy ?? yes,
    CreateDesktopUser: options.CreateDesktopUser ?? { Value: false },
    CreateDatabaseUser: options.CreateDatabaseUser ?? { Value: false },
    MFAVerificationInterval: options.MFAVerificationInterval ?? { seconds: 0n, nanos: 0 },
  };
}

function withConditionDefaults(conditions: RoleConditions): RoleConditions {
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
  };
}
