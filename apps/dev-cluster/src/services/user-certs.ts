import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { actorOf } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { generateUserCerts } from '../issuing/user-certs.ts';
import { type Service, service } from '../rpc/service.ts';

export function userCertCalls(context: ClusterContext): Service {
  return service(AuthServiceDefinition, {
    generateUserCerts: (request, call) => generateUserCerts(context, call.caller, request, actorOf(call)),
  });
}
