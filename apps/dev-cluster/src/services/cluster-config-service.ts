import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { ClusterNetworkingConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/cluster_networking_config';
import { SessionRecordingConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/session_recording_config';
import { authorizeConfig, authorizeKind } from '../access/authorize-kind.ts';
import { actorOf } from '../audit/actor.ts';
import { doneBy } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, revisionMismatch } from '../errors.ts';
import { metadataOf, revisionOf, stamped } from '../resources.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { checkedAuthPreference, configuredAuthPreference, suiteOf } from '../state/auth-preference.ts';

const ORIGIN = 'teleport.dev/origin';
const PREFERENCE = 'cluster-auth-preference';

/** The configuration of the cluster; reading it has an older place too. */
export function clusterConfigServices({ state, audit, addresses }: ClusterContext): Service[] {
  const fromFile = configuredAuthPreference(state.facts.signatureSuite);
  const preference = (): AuthPreferenceV2 => state.authPreference.get(PREFERENCE) ?? fromFile;
  const put = (given: AuthPreferenceV2, call: Call): AuthPreferenceV2 => {
    const stored = stamped(given);
    state.authPreference.put(PREFERENCE, stored);
    state.useSignatureSuite(suiteOf(stored));
    emit(call);
    return stored;
  };
  const emit = (call: Call, error = ''): void =>
    audit.emit('auth_preference.update', {
      ...doneBy(actorOf(call)),
      Status: { Success: error === '', Error: error, UserMessage: error },
      // Nothing here turns the second factor for administrators on.
      AdminActionsMFA: 1,
    });
  const nameMetadata = metadataOf({ name: 'cluster-name' });
  const networking = ClusterNetworkingConfigV2.create({
    Kind: 'cluster_networking_config',
    Version: 'v2',
    Metadata: metadataOf({ name: 'cluster-networking-config', labels: { [ORIGIN]: 'config-file' } }),
    Spec: {
      KeepAliveInterval: 300_000_000_000n,
      KeepAliveCountMax: 3n,
      ProxyListenerMode: addresses.ssh === undefined ? 1 : 0,
      TunnelStrategy: { Strategy: { $case: 'AgentMesh', value: {} } },
    },
  });
  const recording = SessionRecordingConfigV2.create({
    Kind: 'session_recording_config',
    Version: 'v2',
    Metadata: metadataOf({ name: 'session-recording-config', labels: { [ORIGIN]: 'defaults' } }),
    Spec: { Mode: 'node', ProxyChecksHostKeys: { Value: true } },
  });
  const reading = {
    getAuthPreference(_request: unknown, { caller }: Call): AuthPreferenceV2 {
      authorizeKind(caller, 'cluster_auth_preference', 'read');
      return preference();
    },
    getClusterNetworkingConfig(_request: unknown, { caller }: Call): ClusterNetworkingConfigV2 {
      authorizeConfig(caller, 'cluster_networking_config');
      return networking;
    },
    getSessionRecordingConfig(_request: unknown, { caller }: Call): SessionRecordingConfigV2 {
      authorizeConfig(caller, 'session_recording_config');
      return recording;
    },
  };
  const config = service(ClusterConfigServiceDefinition, {
    ...reading,
    updateAuthPreference({ authPreference }, call) {
      authorizeKind(call.caller, 'cluster_auth_preference', 'update');
      const changed = checkedAuthPreference(authPreference);
      if (revisionOf(changed) !== revisionOf(preference())) {
        const error = revisionMismatch();
        emit(call, error.message);
        throw error;
      }
      return put(changed, call);
    },
    upsertAuthPreference({ authPreference }, call) {
      authorizeKind(call.caller, 'cluster_auth_preference', 'create', 'update');
      return put(checkedAuthPreference(authPreference), call);
    },
    resetAuthPreference(_request, call) {
      authorizeKind(call.caller, 'cluster_auth_preference', 'update');
      if (preference().Metadata?.Labels.get(ORIGIN) === 'config-file') {
        throw badParameter(
          'auth preference has been defined via the config file and cannot be reset back to defaults dynamically.',
        );
      }
      return put(configuredAuthPreference('balanced-v1', 'defaults'), call);
    },
    getClusterName(_request, { caller }) {
      authorizeKind(caller, 'cluster_name', 'read');
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
  return [config, service(AuthServiceDefinition, reading)];
}
