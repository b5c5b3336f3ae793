import { KubernetesClusterV3, type KubernetesServerV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { usableKubernetesCluster } from '../access/usable.ts';
import { nameOf } from '../resources.ts';
import { serverKey } from '../state/cluster-state.ts';
import { describedBy, descriptionOf, type ListedKind } from './listed-kind.ts';

const clusterOf = (server: KubernetesServerV3): KubernetesClusterV3 =>
  server.Spec?.Cluster ?? KubernetesClusterV3.create();
const nameOfCluster = (server: KubernetesServerV3): string => nameOf(clusterOf(server));

export const kubernetesServers: ListedKind<KubernetesServerV3> = {
  kind: 'kube_server',
  ruleKind: 'kube_server',
  verbs: ['list', 'read'],
  hasNamespace: 'in pages',
  hasDuplicates: false,
  servers: (state) => state.kubernetesServers,
  keyOf: serverKey,
  usable: (server) => usableKubernetesCluster(clusterOf(server)),
  describe(server) {
    const cluster = clusterOf(server);
    return describedBy(cluster, usableKubernetesCluster(cluster));
  },
  identity: nameOfCluster,
  sortFields: { name: nameOfCluster, description: (server) => descriptionOf(clusterOf(server)) },
  paginated: (server) => ({ $case: 'KubernetesServer', value: server }),
};

/** The clusters themselves, each once, whoever serves them. */
export const kubernetesClusters: ListedKind<KubernetesServerV3> = {
  ...kubernetesServers,
  kind: 'kube_cluster',
  hasNamespace: 'never',
  hasDuplicates: true,
  alwaysWhole: true,
  keyOf: nameOfCluster,
  sortFields: { name: nameOfCluster },
  paginated: (server) => ({ $case: 'KubeCluster', value: clusterOf(server) }),
};
