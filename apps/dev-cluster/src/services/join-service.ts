import { JoinServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { actorOf } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { joinWithToken } from '../issuing/join.ts';
import { type Service, service } from '../rpc/service.ts';

export function joinService(context: ClusterContext): Service {
  return service(JoinServiceDefinition, {
    registerUsingToken: (request, call) => joinWithToken(context, request, call.caller.ip, actorOf(call).userAgent),
  });
}
