import { signatureSuiteNumber } from '@teleport-ts/api-types';
import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { metadataOf } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';

const HOUR_NANOSECONDS = 3_600_000_000_000n;

export function clusterConfigService({ state }: ClusterContext): Service {
  const authPreference = AuthPreferenceV2.create({
    Kind: 'cluster_auth_preference',
    Version: 'v2',
    Metadata: metadataOf({ name: 'cluster-auth-preference', labels: { 'teleport.dev/origin': 'config-file' } }),
    Spec: {
      Type: 'local',
      DisconnectExpiredCert: { Value: false },
      AllowLocalAuth: { Value: true },
      LockingMode: 'best_effort',
      AllowPasswordless: { Value: false },
      IDP: { SAML: { Enabled: { Value: true } } },
      AllowHeadless: { Value: false },
      DefaultSessionTTL: 12n * HOUR_NANOSECONDS,
      Okta: {},
      signatureAlgorithmSuite: signatureSuiteNumber(state.facts.signatureSuite) as 1,
      SecondFactors: [1],
    },
  });
  const nameMetadata = metadataOf({ name: 'cluster-name' });
  return service(ClusterConfigServiceDefinition, {
    getAuthPreference(_request, { caller }) {
      authorize(caller, 'cluster_auth_preference', 'read');
      return authPreference;
    },
    getClusterName(_request, { caller }) {
      authorize(caller, 'cluster_name', 'read');
      const { name, clusterId } = state.facts;
      return {
        Kind: 'cluster_name',
        SubKind: '',
        Version: 'v2',
        Metadata: nameMetadata,
        Spec: { ClusterName: name, ClusterID: clusterId },
      };
    },
  });
}
