import {
  ClusterNetworkingConfigSpecV2,
  ClusterNetworkingConfigV2,
  ProxyListenerMode,
} from '@teleport-ts/api-types/proto/teleport/types/cluster_networking_config';
import { accessDenied, badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';

const ORIGIN = 'teleport.dev/origin';
const KEEP_ALIVE_NANOSECONDS = 300_000_000_000n;
const KEEP_ALIVE_COUNT = 3n;

export const NETWORKING_CONFIG = 'cluster-networking-config';

/** How proxies listen and how connections are kept alive, before somebody changes it. */
export function configuredNetworking(options: { readonly isMultiplexed: boolean }): ClusterNetworkingConfigV2 {
  return newNetworking('config-file', options.isMultiplexed ? ProxyListenerMode.Multiplex : ProxyListenerMode.Separate);
}

/** The same in a cluster whose file does not speak of it. */
export function defaultNetworking(): ClusterNetworkingConfigV2 {
  return newNetworking('defaults', ProxyListenerMode.Separate);
}

function newNetworking(origin: 'config-file' | 'defaults', mode: ProxyListenerMode): ClusterNetworkingConfigV2 {
  return withDefaults(
    ClusterNetworkingConfigV2.fromPartial({
      Metadata: metadataOf({ name: NETWORKING_CONFIG, labels: { [ORIGIN]: origin } }),
      Spec: { ProxyListenerMode: mode },
    }),
  );
}

/**
 * A configuration that somebody sends, with what the real one fills in. It is kept and shown; nothing here follows it.
 *
 * @throws TeleportError `bad_parameter`, or `access_denied` for what the community edition does not have
 */
export function checkedNetworking(config: ClusterNetworkingConfigV2 | undefined): ClusterNetworkingConfigV2 {
  if (!config) throw badParameter('missing cluster networking config');
  const strategy = config.Spec?.TunnelStrategy;
  if (!strategy) throw badParameter('tunnel strategy is nil');
  if (!strategy.Strategy) throw badParameter('unknown tunnel strategy type: <nil>');
  if (strategy.Strategy.$case === 'ProxyPeering') throw accessDenied('proxy peering is an enterprise-only feature');
  const metadata = config.Metadata ?? metadataOf({ name: NETWORKING_CONFIG });
  const Labels = new Map(metadata.Labels).set(ORIGIN, 'dynamic');
  return withDefaults({ ...config, Metadata: { ...metadata, Name: NETWORKING_CONFIG, Labels } });
}

function withDefaults(config: ClusterNetworkingConfigV2): ClusterNetworkingConfigV2 {
  const spec = config.Spec ?? ClusterNetworkingConfigSpecV2.create();
  return {
    ...config,
    Kind: 'cluster_networking_config',
    Version: 'v2',
    Spec: {
      ...spec,
      KeepAliveInterval: spec.KeepAliveInterval || KEEP_ALIVE_NANOSECONDS,
      KeepAliveCountMax: spec.KeepAliveCountMax || KEEP_ALIVE_COUNT,
      TunnelStrategy: spec.TunnelStrategy ?? { Strategy: { $case: 'AgentMesh', value: {} } },
    },
  };
}
