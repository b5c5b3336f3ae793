import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import type { RemoteClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/remote_cluster';
import { authorize, type Caller } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { AUTHORITY_TYPES } from '../pki/cert-authority.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { authorityKey } from '../state/cluster-state.ts';
import { reaches } from '../trust/remote-cluster.ts';

const MAX_PAGE = 1000;

/** Leaf clusters. */
export function presenceService({ state }: ClusterContext): Service {
  const { remoteClusters } = state;
  const mayReach = ({ systemRole, roles }: Caller, cluster: RemoteClusterV3): boolean =>
    systemRole === 'Admin' || reaches(roles, cluster);
  const get = (name: string): RemoteClusterV3 => {
    const cluster = remoteClusters.get(name);
    if (!cluster) throw notFound(`remote cluster ${JSON.stringify(name)} is not found`);
    return cluster;
  };
  return service(PresenceServiceDefinition, {
    getRemoteCluster({ name }, { caller }) {
      if (name === '') throw badParameter('name: must be specified');
      authorize(caller, 'remote_cluster', 'read');
      const cluster = remoteClusters.get(name);
      if (!cluster || !mayReach(caller, cluster)) throw notFound('not found');
      return cluster;
    },
    listRemoteClusters({ pageSize, pageToken }, { caller }) {
      authorize(caller, 'remote_cluster', 'list');
      const limit = pageSize > 0 ? Math.min(pageSize, MAX_PAGE) : MAX_PAGE;
      const { items, next } = remoteClusters.page(pageToken, limit);
      // Left out after the page is cut, so that a page may come short.
      return { remoteClusters: items.filter((cluster) => mayReach(caller, cluster)), nextPageToken: next };
    },
    updateRemoteCluster({ remoteCluster, updateMask }, { caller }) {
      if (!remoteCluster) throw badParameter('remote_cluster: must not be nil');
      const name = nameOf(remoteCluster);
      if (name === '') throw badParameter('remote_cluster.Metadata.Name: must be non-empty');
      authorize(caller, 'remote_cluster', 'update');
      const known = get(name);
      const paths = updateMask && updateMask.length > 0 ? updateMask : ALL_FIELDS;
      const updated = stamped(paths.reduce((cluster, path) => withField(cluster, remoteCluster, path), known));
      remoteClusters.put(name, updated);
      return updated;
    },
    deleteRemoteCluster({ name }, { caller }) {
      if (name === '') throw badParameter('name: must be specified');
      authorize(caller, 'remote_cluster', 'delete');
      if (name === state.name) {
        throw badParameter(
          `remote cluster ${JSON.stringify(name)} is the name of this root cluster and cannot be removed.`,
        );
      }
      get(name);
      remoteClusters.delete(name);
      for (const type of AUTHORITY_TYPES) state.foreignAuthorities.delete(authorityKey(type, name));
      return {};
    },
  });
}

const ALL_FIELDS: readonly string[] = [
  'Metadata.Labels',
  'Metadata.Description',
  'Metadata.Expires',
  'Status.Connection',
  'Status.LastHeartbeat',
];

function withField(cluster: RemoteClusterV3, given: RemoteClusterV3, path: string): RemoteClusterV3 {
  const [part, field] = path.split('.') as ['Metadata' | 'Status', string];
  if (!ALL_FIELDS.includes(path)) throw badParameter(`unsupported field: ${JSON.stringify(path)}`);
  const source = given[part] as unknown as Record<string, unknown> | undefined;
  const empty = { Labels: new Map(), Description: '', Connection: '' } as Record<string, unknown>;
  return { ...cluster, [part]: { ...cluster[part], [field]: source?.[field] ?? empty[field] } };
}
