import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { ClusterContext } from '../cluster-context.ts';
import { listResources } from '../listing/list-resources.ts';
import { listUnifiedResources } from '../listing/list-unified-resources.ts';
import { type Service, service } from '../rpc/service.ts';

/** Lists of what can be reached. */
export function resourceCalls({ state }: ClusterContext): Service {
  return service(AuthServiceDefinition, {
    listResources: (request, { caller }) => listResources(state, caller, request),
    listUnifiedResources: (request, { caller }) => listUnifiedResources(state, caller, request),
  });
}
