import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { authorize } from '../access/caller.ts';
import { type Service, service } from '../rpc/service.ts';

/** Leaf clusters, of which this cluster has none. */
export function presenceService(): Service {
  return service(PresenceServiceDefinition, {
    listRemoteClusters(_request, { caller }) {
      authorize(caller, 'remote_cluster', 'list', 'read');
      return { remoteClusters: [], nextPageToken: '' };
    },
  });
}
