import { badParameter } from '../bad-parameter.ts';
import { ClusterNameSpecV2, type ClusterNameV2 } from '../gen/teleport/types/cluster_name.ts';
import { checkMetadata } from './metadata.ts';
import { type ResourceView, resourceView } from './resource.ts';

/** What a cluster is called. The resource itself has the name `cluster-name`. */
export interface ClusterName extends ResourceView<ClusterNameV2> {
  readonly clusterName: string;
  /** A UUID, made with the cluster. */
  readonly clusterId: string;
}

/** The name of a cluster as its message says it. */
export function clusterNameView(message: ClusterNameV2): ClusterName {
  return {
    ...resourceView(message),
    clusterName: message.Spec?.ClusterName ?? '',
    clusterId: message.Spec?.ClusterID ?? '',
  };
}

/**
 * What holds for the name of any cluster.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(clusterName: ClusterNameV2): ClusterNameV2 {
  const Metadata = checkMetadata({
    ...(clusterName.Metadata ?? {
      Namespace: '',
      Description: '',
      Labels: new Map(),
      Expires: undefined,
      Revision: '',
    }),
    Name: 'cluster-name',
  });
  const spec = clusterName.Spec ?? ClusterNameSpecV2.create();
  if (spec.ClusterName === '') throw badParameter('cluster name is required');
  if (spec.ClusterID === '') throw badParameter('cluster ID is required');
  return { ...clusterName, Kind: 'cluster_name', Version: 'v2', Metadata };
}
