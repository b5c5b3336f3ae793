import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';

export function tokenCalls({ state }: ClusterContext): Service {
  const { tokens } = state;
  const get = (name: string): ProvisionTokenV2 => {
    const token = tokens.get(name);
    if (!token) throw notFound(`"token" ${JSON.stringify(name)} does not exist`);
    return token;
  };
  const put = (token: ProvisionTokenV2): Record<never, never> => {
    tokens.put(nameOf(token), token);
    return {};
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
    createTokenV2({ Token }, { caller }) {
      authorize(caller, 'token', 'create');
      const token = checkedToken(Token?.value);
      if (tokens.has(nameOf(token))) throw alreadyExists('a token of that name already exists');
      return put(token);
    },
    upsertTokenV2({ Token }, { caller }) {
      authorize(caller, 'token', 'create', 'update');
      return put(checkedToken(Token?.value));
    },
    deleteToken({ Name }, { caller }) {
      authorize(caller, 'token', 'delete');
      get(Name);
      tokens.delete(Name);
      return {};
    },
  });
}

/** A token as it is stored. */
export function checkedToken(token: ProvisionTokenV2 | undefined): ProvisionTokenV2 {
  if (!token) throw badParameter('missing token');
  if (nameOf(token) === '') throw badParameter('missing parameter Name');
  const { Spec } = token;
  if (!Spec || Spec.Roles.length === 0) throw badParameter('provisioning token is missing roles');
  const method = Spec.JoinMethod || 'token';
  const isForBots = Spec.Roles.includes('Bot');
  if (isForBots && Spec.BotName === '') {
    throw badParameter('token with role "Bot" must set bot_name');
  }
  if (!isForBots && Spec.BotName !== '') {
    throw badParameter('can only set bot_name on token with role "Bot"');
  }
  return stamped({ ...token, Kind: 'token', Version: 'v2', Spec: { ...Spec, JoinMethod: method } });
}
