import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { safeTokenName, tokenView } from '@teleport-ts/api-types/resources/token';
import { authorize } from '../access/caller.ts';
import { actorOf } from '../audit/actor.ts';
import { aboutResource, expiryOf } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound } from '../errors.ts';
import { nameOf } from '../resources.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { checkedToken, checkTokenEdition } from '../state/checked-token.ts';

export function tokenCalls({ state, audit }: ClusterContext): Service {
  const { tokens } = state;
  const get = (name: string): ProvisionTokenV2 => {
    const token = tokens.get(name);
    if (!token) throw notFound(`"token" ${JSON.stringify(name)} does not exist`);
    return token;
  };
  const put = (token: ProvisionTokenV2, call: Call): Record<never, never> => {
    tokens.put(nameOf(token), token);
    const actor = actorOf(call);
    audit.emit('join_token.create', {
      User: actor.user,
      Resource: aboutResource(safeTokenName(tokenView(token)), { expires: expiryOf(token), by: actor }),
      Roles: [...(token.Spec?.Roles ?? [])],
      JoinMethod: token.Spec?.JoinMethod ?? '',
    });
    return {};
  };
  const checked = (token: ProvisionTokenV2): ProvisionTokenV2 => {
    checkTokenEdition(token);
    return checkedToken(token);
  };
  return service(AuthServiceDefinition, {
    getToken({ Name }, { caller }) {
      authorize(caller, 'token', 'read');
      return get(Name);
    },
    getTokens(_request, { caller }) {
      authorize(caller, 'token', 'list', 'read');
      return { ProvisionTokens: tokens.values() };
    },
    createTokenV2({ Token }, call) {
      const given = required(Token?.value);
      authorize(call.caller, 'token', 'create');
      const token = checked(given);
      if (tokens.has(nameOf(token))) throw alreadyExists('a token of that name already exists');
      return put(token, call);
    },
    upsertTokenV2({ Token }, call) {
      const given = required(Token?.value);
      authorize(call.caller, 'token', 'create', 'update');
      return put(checked(given), call);
    },
    deleteToken({ Name }, { caller }) {
      authorize(caller, 'token', 'delete');
      if (Name === '') throw badParameter('missing parameter token');
      if (!tokens.delete(Name)) throw notFound(`provisioning token(${maskedKey(Name)}) not found`);
      return {};
    },
  });
}

function required(token: ProvisionTokenV2 | undefined): ProvisionTokenV2 {
  if (!token) throw badParameter('token not provided in request');
  return token;
}

/** A name that may be a secret: the last quarter is shown. */
function maskedKey(name: string): string {
  const hidden = Math.floor(name.length * 0.75);
  return '*'.repeat(hidden) + name.slice(hidden);
}
