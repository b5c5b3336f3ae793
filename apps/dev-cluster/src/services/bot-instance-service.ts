import { randomUUID } from 'node:crypto';
import type { BotInstance } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance';
import { BotInstanceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { authorizeKind } from '../access/authorize-kind.ts';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter, notFound } from '../errors.ts';
import { type Service, service } from '../rpc/service.ts';
import { botInstanceKey } from '../state/cluster-state.ts';

const HEARTBEATS_KEPT = 10;
const DEFAULT_PAGE = 100;

export function botInstanceService({ state }: ClusterContext): Service {
  const get = (botName: string, instanceId: string): BotInstance => {
    const instance = state.botInstances.get(botInstanceKey(botName, instanceId));
    if (!instance) throw notFound(`bot_instance ${JSON.stringify(`${botName}/${instanceId}`)} doesn't exist`);
    return instance;
  };
  return service(BotInstanceServiceDefinition, {
    getBotInstance({ botName, instanceId }, { caller }) {
      authorize(caller, 'bot_instance', 'read');
      return get(botName, instanceId);
    },
    listBotInstances({ filterBotName, pageSize, pageToken, filterSearchTerm }, { caller }) {
      authorizeKind(caller, 'bot_instance', 'read', 'list');
      const isWanted = (instance: BotInstance): boolean =>
        (filterBotName === '' || instance.spec?.botName === filterBotName) && matchesTerm(instance, filterSearchTerm);
      const limit = pageSize > 0 ? pageSize : DEFAULT_PAGE;
      const { items, next } = state.botInstances.page(pageToken, limit, isWanted);
      return { botInstances: items, nextPageToken: next };
    },
    deleteBotInstance({ botName, instanceId }, { caller }) {
      authorize(caller, 'bot_instance', 'delete');
      get(botName, instanceId);
      state.botInstances.delete(botInstanceKey(botName, instanceId));
      return {};
    },
    submitHeartbeat({ heartbeat }, { caller }) {
      const { botName, botInstanceId } = caller.identity ?? {};
      if (!botName) throw accessDenied('identity did not contain bot name');
      if (!botInstanceId) throw accessDenied('identity did not contain bot instance ID');
      if (!heartbeat) throw badParameter('heartbeat: must be non-nil');
      const instance = get(botName, botInstanceId);
      const { status } = instance;
      state.botInstances.put(botInstanceKey(botName, botInstanceId), {
        ...instance,
        metadata: instance.metadata && { ...instance.metadata, revision: randomUUID() },
        status: {
          initialAuthentication: status?.initialAuthentication,
          latestAuthentications: status?.latestAuthentications ?? [],
          initialHeartbeat: status?.initialHeartbeat ?? heartbeat,
          latestHeartbeats: [...(status?.latestHeartbeats ?? []), heartbeat].slice(-HEARTBEATS_KEPT),
        },
      });
      return {};
    },
  });
}

function matchesTerm(instance: BotInstance, term: string): boolean {
  if (term === '') return true;
  const hostname = instance.status?.latestHeartbeats.at(-1)?.hostname ?? '';
  const { botName = '', instanceId = '' } = instance.spec ?? {};
  return [botName, instanceId, hostname].some((text) => text.toLowerCase().includes(term.toLowerCase()));
}
