import type { RemoteClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/remote_cluster';
import type { RoleSet } from '../access/role-set.ts';
import type { Usable } from '../access/usable.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { metadataOf, stamped } from '../resources.ts';
import { toTimestamp } from '../timestamps.ts';

/** Writes down whether a leaf can be reached, at first together with the leaf itself. */
export function putRemoteCluster({ state, clock }: ClusterContext, name: string, isOnline: boolean): void {
  const known = state.remoteClusters.get(name);
  const LastHeartbeat = isOnline || !known ? toTimestamp(clock.now()) : known.Status?.LastHeartbeat;
  const cluster: RemoteClusterV3 = {
    Kind: 'remote_cluster',
    SubKind: '',
    Version: 'v3',
    Metadata: known?.Metadata ?? metadataOf({ name }),
    Status: { Connection: isOnline ? 'online' : 'offline', LastHeartbeat },
  };
  state.remoteClusters.put(name, stamped(cluster));
}

/** By labels; a leaf without any is reached by all as long as none of their roles speaks of leaves' labels. */
export function reaches(roles: RoleSet, { Metadata }: RemoteClusterV3): boolean {
  const labels = Metadata?.Labels ?? new Map<string, string>();
  const usesLabels = roles.roles.some(({ Spec }) =>
    [Spec?.Allow, Spec?.Deny].some(
      (conditions) => (conditions?.ClusterLabels?.Values.size ?? 0) > 0 || Boolean(conditions?.ClusterLabelsExpression),
    ),
  );
  if (!usesLabels && labels.size === 0) return true;
  const usable: Usable = { kind: 'remote_cluster', labels };
  return roles.mayUse(usable);
}
