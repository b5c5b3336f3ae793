import { KubernetesClusterV3, KubernetesServerV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/kubernetes-cluster';
import { metadataOf } from '../resources.ts';
import type { ClusterState } from './cluster-state.ts';
import { servedHere } from './heartbeat.ts';

export interface KubernetesClusterFields {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A Kubernetes cluster and the heartbeat of the service that it is reached by. There is no API server behind it: the
 * cluster lists it and makes certificates for it, and no more.
 *
 * @throws TeleportError `bad_parameter`
 */
export function kubernetesServer(
  { facts }: ClusterState,
  { name, labels = {} }: KubernetesClusterFields,
  version: string,
): KubernetesServerV3 {
  const cluster = checkAndSetDefaults(
    KubernetesClusterV3.fromPartial({
      Metadata: { ...metadataOf({ name, labels }), Revision: '' },
    }),
  );
  return KubernetesServerV3.fromPartial({
    Kind: 'kube_server',
    Version: 'v3',
    Metadata: metadataOf({ name }),
    Spec: {
      ...servedHere(facts, version),
      Cluster: cluster,
    },
  });
}
