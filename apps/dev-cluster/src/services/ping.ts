import { signatureSuiteNumber } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Features, type PingResponse } from '@teleport-ts/api-types/proto/teleport/proto/ping';
import type { ClusterContext } from '../cluster-context.ts';
import { type Handlers, type Service, service } from '../rpc/service.ts';
import { zeroTime } from '../timestamps.ts';

/** What anybody may call, with or without a client certificate. */
export function pingCalls({ state, authorities, serverVersion, addresses }: ClusterContext): Service {
  const handlers: Handlers<typeof AuthServiceDefinition> = {
    ping: (_request, call): PingResponse => ({
      ClusterName: state.name,
      ServerVersion: serverVersion,
      ServerFeatures: communityFeatures(),
      ProxyPublicAddr: addresses.proxyPublic,
      IsBoring: false,
      RemoteAddr: call.remoteAddress,
      LoadAllCAs: false,
      signatureAlgorithmSuite: signatureSuiteNumber(
        state.facts.signatureSuite,
      ) as PingResponse['signatureAlgorithmSuite'],
      LicenseExpiry: zeroTime(),
    }),
    getDomainName: () => ({ DomainName: state.name }),
    getClusterCACert: () => ({ TLSCA: Buffer.from(authorities.tlsCertificates('host').join('\n')) }),
  };
  return service(AuthServiceDefinition, handlers);
}

const ENTITLED = ['App', 'DB', 'Desktop', 'JoinActiveSessions', 'K8s'];
// Named all the same, as off.
const NOT_ENTITLED =
  'AccessGraphDemoMode AccessLists AccessMonitoring AccessRequests CloudAuditLogRetention DeviceTrust ExternalAuditStorage FeatureHiding HSM Identity LicenseAutoUpdate MobileDeviceManagement OIDC OktaSCIM OktaUserSync Policy SAML SessionLocks UnrestrictedManagedUpdates UpsellAlert UsageReporting'.split(
    ' ',
  );

const entitlement = (name: string): { enabled: boolean; limit: number } => ({
  enabled: ENTITLED.includes(name),
  limit: 0,
});

/** What the open-source edition says it can do. */
function communityFeatures(): Features {
  return Features.create({
    Kubernetes: true,
    App: true,
    DB: true,
    Desktop: true,
    DeviceTrust: {},
    AccessRequests: {},
    AccessList: {},
    AccessMonitoring: {},
    Policy: {},
    SupportType: 1,
    JoinActiveSessions: true,
    entitlements: new Map([...ENTITLED, ...NOT_ENTITLED].map((name) => [name, entitlement(name)])),
  });
}
