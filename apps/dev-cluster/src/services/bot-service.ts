import { fromDurationMessage } from '@teleport-ts/api-types';
import type { Bot } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot';
import { BotServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound } from '../errors.ts';
import { type Service, service } from '../rpc/service.ts';
import { type BotFields, botOf, botUserName, putBot } from '../state/bots.ts';

const DEFAULT_PAGE = 100;

export function botService({ state }: ClusterContext): Service {
  const get = (botName: string): Bot => {
    const userName = botUserName(botName);
    const user = state.users.get(userName);
    if (!user) throw notFound(`fetching bot user\n\t"user" ${JSON.stringify(userName)} does not exist`);
    const bot = botOf(state, user);
    if (!bot) throw notFound(`bot ${JSON.stringify(botName)} not found`);
    return bot;
  };
  const put = (bot: Bot | undefined, createdBy: string): Bot => {
    const fields = fieldsOf(bot);
    const { user } = putBot(state, { ...fields, createdBy });
    return botOf(state, user) as Bot;
  };
  return service(BotServiceDefinition, {
    getBot({ botName }, { caller }) {
      authorize(caller, 'bot', 'read');
      if (botName === '') throw badParameter('bot_name: must be non-empty');
      return get(botName);
    },
    listBots({ pageSize, pageToken }, { caller }) {
      authorize(caller, 'bot', 'list');
      const limit = pageSize > 0 ? pageSize : DEFAULT_PAGE;
      const { items, next } = state.users.page(pageToken, limit, (user) => botOf(state, user) !== undefined);
      return { bots: items.map((user) => botOf(state, user) as Bot), nextPageToken: next };
    },
    createBot({ bot }, { caller }) {
      authorize(caller, 'bot', 'create');
      const name = botUserName(fieldsOf(bot).name);
      if (state.users.has(name)) {
        throw alreadyExists(`creating bot user\n\tuser ${JSON.stringify(name)} already registered`);
      }
      return put(bot, caller.user);
    },
    upsertBot({ bot }, { caller }) {
      authorize(caller, 'bot', 'create', 'update');
      return put(bot, caller.user);
    },
    deleteBot({ botName }, { caller }) {
      authorize(caller, 'bot', 'delete');
      if (botName === '') throw badParameter('bot_name: must be non-empty');
      get(botName);
      state.users.delete(botUserName(botName));
      state.roles.delete(botUserName(botName));
      return {};
    },
  });
}

function fieldsOf(bot: Bot | undefined): BotFields {
  if (!bot) throw badParameter('bot: must be non-nil');
  const name = bot.metadata?.name ?? '';
  if (name === '') throw badParameter('bot.metadata.name: must be non-empty');
  if (!bot.spec) throw badParameter('bot.spec: must be non-nil');
  if (bot.spec.roles.includes('')) throw badParameter('bot.spec.roles: must not contain empty strings');
  return {
    name,
    roles: bot.spec.roles,
    traits: Object.fromEntries(bot.spec.traits.map((trait) => [trait.name, trait.values])),
    maxSessionTtlMs: fromDurationMessage(bot.spec.maxSessionTtl),
    labels: Object.fromEntries(bot.metadata?.labels ?? []),
  };
}
