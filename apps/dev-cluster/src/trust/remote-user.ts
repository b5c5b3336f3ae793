import type { TlsIdentity, Traits } from '@teleport-ts/api-types';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import type { RoleSet } from '../access/role-set.ts';
import { labelValues, metadataOf } from '../resources.ts';
import { zeroTime } from '../timestamps.ts';

/** How somebody of another cluster is called here; hoped to be no local user's name. */
export const remoteUserName = (user: string, cluster: string): string => `remote-${user}-${cluster}`;

/** The traits of somebody of another cluster: what its certificate allows there stands for the traits of those names. */
export function remoteTraits(identity: TlsIdentity): Traits {
  return {
    ...identity.traits,
    logins: identity.logins,
    kubernetes_groups: identity.kubernetesGroups,
    kubernetes_users: identity.kubernetesUsers,
    db_names: identity.databaseNames,
    db_users: identity.databaseUsers,
    aws_role_arns: identity.awsRoleArns,
  };
}

/**
 * Who somebody of another cluster is here: a name, roles and traits of this cluster, and of the certificate only routes,
 * restrictions and where it comes from. Who impersonates it, and that it is a bot's, is not known here.
 */
export function localIdentity(
  identity: TlsIdentity,
  local: { readonly user: string; readonly cluster: string; readonly roles: RoleSet; readonly traits: Traits },
  now: number,
): TlsIdentity {
  const { impersonator, botName, botInstanceId, joinAttributes, device, connectionDiagnosticId, ...rest } = identity;
  const { user, cluster, roles, traits } = local;
  return {
    ...rest,
    user,
    roles: roles.names,
    traits,
    teleportCluster: cluster,
    logins: roles.allowed('Logins'),
    kubernetesGroups: roles.allowed('KubeGroups'),
    kubernetesUsers: roles.allowed('KubeUsers'),
    databaseNames: [],
    databaseUsers: [],
    awsRoleArns: [],
    azureIdentities: [],
    gcpServiceAccounts: [],
    systemRoles: [],
    activeRequests: [],
    allowedResources: [],
    renewable: false,
    generation: 0,
    disallowReissue: false,
    notAfter: new Date(Math.min(identity.notAfter.getTime(), now + roles.maxSessionTtlMs())),
  };
}

/** The same as a resource; it is stored nowhere. */
export function remoteUser({ user, roles, traits }: TlsIdentity): UserV2 {
  return {
    Kind: 'user',
    SubKind: '',
    Version: 'v2',
    Metadata: { ...metadataOf({ name: user }), Revision: '' },
    Spec: {
      OIDCIdentities: [],
      SAMLIdentities: [],
      GithubIdentities: [],
      Roles: [...roles],
      Traits: labelValues(traits),
      Status: { IsLocked: false, LockedMessage: '', LockedTime: zeroTime(), LockExpires: zeroTime() },
      Expires: zeroTime(),
      CreatedBy: { Connector: undefined, Time: zeroTime(), User: { Name: '' } },
      LocalAuth: undefined,
      TrustedDeviceIDs: [],
    },
    Status: undefined,
  };
}
