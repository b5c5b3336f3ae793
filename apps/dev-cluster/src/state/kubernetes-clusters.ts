import { KubernetesClusterV3, KubernetesServerV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { checkLabelKeys, checkMetadata } from '@teleport-ts/api-types/resources/metadata';
import { noRotation } from '@teleport-ts/api-types/resources/rotation';
import { badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';
import type { ClusterState } from './cluster-state.ts';

export interface KubernetesClusterFields {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const NAME = /^[a-zA-Z0-9._-]+$/;

/**
 * A Kubernetes cluster that somebody sends, with its defaults.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkKubernetesCluster(cluster: KubernetesClusterV3): KubernetesClusterV3 {
  const Metadata = checkMetadata(cluster.Metadata);
  const name = JSON.stringify(Metadata.Name);
  checkLabelKeys(cluster.Spec?.DynamicLabels, `kubernetes cluster ${name}`);
  if (!NAME.test(Metadata.Name)) {
    throw badParameter(
      `invalid kubernetes cluster name\n\t${name} does not match regex used for validation "${NAME.source}"`,
    );
  }
  const { AWS = {}, Azure = {}, GCP = {}, ...spec } = cluster.Spec ?? {};
  // The real one writes what clouds say of the cluster, be it nothing.
  return KubernetesClusterV3.fromPartial({
    ...cluster,
    Kind: 'kube_cluster',
    Version: 'v3',
    Metadata,
    Spec: { ...spec, AWS, Azure, GCP },
  });
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
  const cluster = checkKubernetesCluster(
    KubernetesClusterV3.fromPartial({
      Metadata: { ...metadataOf({ name, labels }), Revision: '' },
    }),
  );
  return KubernetesServerV3.fromPartial({
    Kind: 'kube_server',
    Version: 'v3',
    Metadata: metadataOf({ name }),
    Spec: {
      Version: version,
      Hostname: 'dev-cluster',
      HostID: facts.hostId,
      Rotation: noRotation(),
      Cluster: cluster,
      ProxyIDs: [facts.hostId],
    },
  });
}
