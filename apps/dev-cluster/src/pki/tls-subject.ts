import { formatTraits, TELEPORT_OID, type TlsIdentityFields } from '@teleport-ts/api-types';
import { distinguishedName, type RelativeName } from './x509-name.ts';

/** An identity to be written into a certificate: user and roles, and whatever else applies. */
export type TlsIdentityInput = Partial<TlsIdentityFields> & Pick<TlsIdentityFields, 'user' | 'roles'>;

const OID = TELEPORT_OID;

/**
 * The subject of an identity certificate, DER, attribute by attribute in the order in which Teleport 18 writes them.
 * Logins, roles and usage share one relative name each, all other lists repeat theirs.
 */
export function tlsSubject(identity: TlsIdentityInput): Buffer {
  return distinguishedName([
    [OID.logins, identity.logins ?? []],
    [OID.routeToCluster, [identity.routeToCluster ?? '']],
    [OID.traits, [formatTraits(identity.traits ?? {})]],
    [OID.roles, identity.roles],
    [OID.usage, identity.usage ?? []],
    [OID.user, [identity.user]],
    ...repeated(OID.systemRoles, identity.systemRoles),
    ...repeated(OID.kubernetesUsers, identity.kubernetesUsers),
    ...repeated(OID.kubernetesGroups, identity.kubernetesGroups),
    text(OID.kubernetesCluster, identity.kubernetesCluster),
    ...appRoute(identity),
    flag(OID.renewable, identity.renewable),
    text(OID.teleportCluster, identity.teleportCluster),
    text(OID.mfaVerified, identity.mfaVerified),
    text(OID.previousIdentityExpires, rfc3339(identity.previousIdentityExpires)),
    text(OID.loginIp, identity.loginIp),
    text(OID.pinnedIp, identity.pinnedIp),
    text(OID.databaseService, identity.database?.service),
    text(OID.databaseProtocol, identity.database?.protocol),
    text(OID.databaseUser, identity.database?.user),
    text(OID.databaseName, identity.database?.name),
    ...repeated(OID.requestedDatabaseRoles, identity.database?.roles),
    ...repeated(OID.databaseNames, identity.databaseNames),
    ...repeated(OID.databaseUsers, identity.databaseUsers),
    text(OID.impersonator, identity.impersonator),
    ...repeated(OID.activeRequests, identity.activeRequests),
    flag(OID.disallowReissue, identity.disallowReissue),
    text(OID.generation, identity.generation ? String(identity.generation) : undefined),
    text(OID.botName, identity.botName),
    text(OID.botInstanceId, identity.botInstanceId),
    text(OID.userType, identity.userType),
    text(
      OID.allowedResources,
      identity.allowedResources?.length ? JSON.stringify(identity.allowedResources) : undefined,
    ),
    text(OID.privateKeyPolicy, identity.privateKeyPolicy),
    text(OID.connectionDiagnosticId, identity.connectionDiagnosticId),
    text(OID.joinAttributes, identity.joinAttributes && JSON.stringify(identity.joinAttributes)),
    text(OID.deviceId, identity.device?.id),
    text(OID.deviceAssetTag, identity.device?.assetTag),
    text(OID.deviceCredentialId, identity.device?.credentialId),
  ]);
}

/** RFC 3339 to the second, as Go's `time.RFC3339` writes it. */
export function rfc3339(date: Date | undefined): string | undefined {
  return date?.toISOString().replace(/\.\d+Z$/, 'Z');
}

function appRoute(identity: TlsIdentityInput): RelativeName[] {
  const { app } = identity;
  return [
    text(OID.appSessionId, app?.sessionId),
    text(OID.appPublicAddr, app?.publicAddr),
    text(OID.appTargetPort, app?.targetPort ? String(app.targetPort) : undefined),
    text(OID.appClusterName, app?.clusterName),
    text(OID.appName, app?.name),
    text(OID.appAwsRoleArn, app?.awsRoleArn),
    ...repeated(OID.awsRoleArns, identity.awsRoleArns),
    text(OID.appAwsCredentialProcess, app?.awsCredentialProcess),
    text(OID.appAzureIdentity, app?.azureIdentity),
    ...repeated(OID.azureIdentities, identity.azureIdentities),
    text(OID.appGcpServiceAccount, app?.gcpServiceAccount),
    ...repeated(OID.gcpServiceAccounts, identity.gcpServiceAccounts),
  ];
}

function text(oid: string, value: string | undefined): RelativeName {
  return [oid, value ? [value] : []];
}

function flag(oid: string, value: boolean | undefined): RelativeName {
  return [oid, value ? ['true'] : []];
}

function repeated(oid: string, values: readonly string[] | undefined): RelativeName[] {
  return (values ?? []).map((value): RelativeName => [oid, [value]]);
}
