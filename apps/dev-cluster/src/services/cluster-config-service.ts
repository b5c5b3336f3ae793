import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { authorizeKind } from '../access/authorize-kind.ts';
import { actorOf } from '../audit/actor.ts';
import { doneBy } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { metadataOf } from '../resources.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { checkedAuthPreference, configuredAuthPreference, suiteOf } from '../state/auth-preference.ts';
import { ConfigDocument } from '../state/config-document.ts';

/** How people log in, and what the cluster is called; reading the former has an older place too. */
export function clusterConfigServices({ state, audit }: ClusterContext): Service[] {
  const fromFile = configuredAuthPreference(state.facts.signatureSuite);
  const preference = new ConfigDocument(state.authPreference, 'cluster-auth-preference', fromFile);
  const written = (stored: AuthPreferenceV2, call: Call): AuthPreferenceV2 => {
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
  const reading = {
    getAuthPreference(_request: unknown, { caller }: Call): AuthPreferenceV2 {
      authorizeKind(caller, 'cluster_auth_preference', 'read');
      return preference.get();
    },
  };
  const config = service(ClusterConfigServiceDefinition, {
    ...reading,
    updateAuthPreference({ authPreference }, call) {
      authorizeKind(call.caller, 'cluster_auth_preference', 'update');
      const changed = checkedAuthPreference(authPreference);
      try {
        return written(preference.update(changed), call);
      } catch (error) {
        emit(call, (error as Error).message);
        throw error;
      }
    },
    upsertAuthPreference({ authPreference }, call) {
      authorizeKind(call.caller, 'cluster_auth_preference', 'create', 'update');
      return written(preference.put(checkedAuthPreference(authPreference)), call);
    },
    resetAuthPreference(_request, call) {
      authorizeKind(call.caller, 'cluster_auth_preference', 'update');
      const text =
        'auth preference has been defined via the config file and cannot be reset back to defaults dynamically.';
      return written(preference.reset(configuredAuthPreference('balanced-v1', 'defaults'), text), call);
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
