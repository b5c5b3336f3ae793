import type { TlsIdentityFields } from '@teleport-ts/api-types';
import { labelValues } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import type { AuditLog } from './audit-log.ts';

/** A certificate of a user was made. */
export function emitCertificate(
  audit: AuditLog,
  identity: Partial<TlsIdentityFields>,
  notAfter: Date,
  userAgent = '',
): void {
  const { app, database, device } = identity;
  audit.emit('cert.create', {
    CertificateType: 'user',
    Identity: {
      User: identity.user ?? '',
      Impersonator: identity.impersonator ?? '',
      Roles: [...(identity.roles ?? [])],
      Usage: [...(identity.usage ?? [])],
      Logins: [...(identity.logins ?? [])],
      KubernetesGroups: [...(identity.kubernetesGroups ?? [])],
      KubernetesUsers: [...(identity.kubernetesUsers ?? [])],
      Expires: toTimestamp(notAfter.getTime()),
      RouteToCluster: identity.routeToCluster ?? '',
      KubernetesCluster: identity.kubernetesCluster ?? '',
      Traits: labelValues(identity.traits),
      RouteToApp: app?.name
        ? {
            Name: app.name,
            SessionID: app.sessionId ?? '',
            PublicAddr: app.publicAddr ?? '',
            ClusterName: app.clusterName ?? '',
            AWSRoleARN: app.awsRoleArn ?? '',
            AzureIdentity: app.azureIdentity ?? '',
            GCPServiceAccount: app.gcpServiceAccount ?? '',
            TargetPort: app.targetPort ?? 0,
          }
        : undefined,
      TeleportCluster: identity.teleportCluster ?? '',
      RouteToDatabase: database?.service
        ? {
            ServiceName: database.service,
            Protocol: database.protocol ?? '',
            Username: database.user ?? '',
            Database: database.name ?? '',
            Roles: [...database.roles],
          }
        : undefined,
      DatabaseNames: [...(identity.databaseNames ?? [])],
      DatabaseUsers: [...(identity.databaseUsers ?? [])],
      MFADeviceUUID: identity.mfaVerified ?? '',
      ClientIP: identity.loginIp ?? '',
      AWSRoleARNs: [...(identity.awsRoleArns ?? [])],
      AccessRequests: [...(identity.activeRequests ?? [])],
      DisallowReissue: identity.disallowReissue ?? false,
      PreviousIdentityExpires: zeroTime(),
      AzureIdentities: [...(identity.azureIdentities ?? [])],
      GCPServiceAccounts: [...(identity.gcpServiceAccounts ?? [])],
      PrivateKeyPolicy: identity.privateKeyPolicy ?? '',
      BotName: identity.botName ?? '',
      DeviceExtensions: device && { deviceId: device.id ?? '' },
      BotInstanceID: identity.botInstanceId ?? '',
    },
    Client: { UserAgent: userAgent },
  });
}
