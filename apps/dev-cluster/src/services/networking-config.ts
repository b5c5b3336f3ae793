import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { ClusterNetworkingConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/cluster_networking_config';
import { authorizeConfig } from '../access/authorize-kind.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { ConfigDocument } from '../state/config-document.ts';
import {
  checkedNetworking,
  configuredNetworking,
  defaultNetworking,
  NETWORKING_CONFIG,
} from '../state/networking-config.ts';

const KIND = 'cluster_networking_config';
const FROM_FILE =
  "cluster networking configuration has been defined in the auth server's config file and cannot be set back to defaults dynamically.";

/** How proxies listen; reading it has an older place too. */
export function networkingConfigServices({ state, addresses }: ClusterContext): Service[] {
  const config = new ConfigDocument(
    state.networkingConfig,
    NETWORKING_CONFIG,
    configuredNetworking({ isMultiplexed: addresses.ssh === undefined }),
  );
  const reading = {
    getClusterNetworkingConfig(_request: unknown, { caller }: Call): ClusterNetworkingConfigV2 {
      authorizeConfig(caller, KIND, 'read');
      return config.get();
    },
  };
  const writing = service(ClusterConfigServiceDefinition, {
    ...reading,
    updateClusterNetworkingConfig({ clusterNetworkConfig }, { caller }) {
      authorizeConfig(caller, KIND, 'update');
      return config.update(checkedNetworking(clusterNetworkConfig));
    },
    upsertClusterNetworkingConfig({ clusterNetworkConfig }, { caller }) {
      authorizeConfig(caller, KIND, 'create', 'update');
      return config.put(checkedNetworking(clusterNetworkConfig));
    },
    resetClusterNetworkingConfig(_request, { caller }) {
      authorizeConfig(caller, KIND, 'update');
      return config.reset(defaultNetworking(), FROM_FILE);
    },
  });
  return [writing, service(AuthServiceDefinition, reading)];
}
