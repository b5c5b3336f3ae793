import type { Bot as BotMessage } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot';
import { BotServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { type Bot, type BotFields, botView, checkAndSetDefaults, newBot } from '@teleport-ts/api-types/resources/bot';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { nextUserPage } from './next-user-page.ts';
import { allPages, type FetchPage, onePage, type Page, type PageQuery } from './pages.ts';

export {
  type BotInstanceId,
  type BotInstanceQuery,
  deleteBotInstance,
  getBotInstance,
  listBotInstances,
  listBotInstancesPage,
} from './bot-instances.ts';

/** What may be changed of a bot. */
export type BotChanges = Pick<BotFields, 'name' | 'roles' | 'traits' | 'maxSessionTtlMs'>;

/** @throws TeleportError `not_found`; or `access_denied` for who may not read bots */
export async function getBot(client: Caller, name: string, options?: CallOptions): Promise<Bot> {
  return botView(await client.unary(BotServiceDefinition, 'getBot', { botName: name }, options));
}

/** All bots, page by page as they are taken; `timeoutMs` is for each page. */
export function listBots(client: Caller, query: PageQuery = {}, options?: CallOptions): AsyncIterable<Bot> {
  return allPages(pages(client, options), query);
}

/** One page of {@link listBots}. It may have fewer than asked for, or none, and yet have a next one. */
export function listBotsPage(client: Caller, query: PageQuery = {}, options?: CallOptions): Promise<Page<Bot>> {
  return onePage(pages(client, options), query);
}

const pages =
  (client: Caller, options?: CallOptions): FetchPage<Bot> =>
  async (pageSize, pageToken) => {
    const answer = await client.unary(BotServiceDefinition, 'listBots', { pageSize, pageToken }, options);
    const items = answer.bots.map(botView);
    // A page of bots is one of users, of whom the bots are answered.
    return { items, nextToken: nextUserPage(answer.nextPageToken, items.at(-1)?.userName, pageToken) };
  };

/**
 * Makes a bot that is not there yet: a user and a role, both called `bot-` and its name.
 *
 * ```ts
 * await createBot(client, newBot({ name: 'ci', roles: ['deployer'] }));
 * ```
 *
 * @throws TeleportError `already_exists`
 */
export async function createBot(client: Caller, bot: BotMessage, options?: CallOptions): Promise<Bot> {
  return botView(await client.unary(BotServiceDefinition, 'createBot', { bot: checkAndSetDefaults(bot) }, options));
}

/** Makes a bot, or replaces it whatever it is by now. */
export async function upsertBot(client: Caller, bot: BotMessage, options?: CallOptions): Promise<Bot> {
  return botView(await client.unary(BotServiceDefinition, 'upsertBot', { bot: checkAndSetDefaults(bot) }, options));
}

/**
 * Changes those fields of a bot that are given. A cluster keeps no revision of a bot: of two that change the same field
 * the last one wins.
 *
 * ```ts
 * await updateBot(client, { name: 'ci', roles: ['deployer', 'viewer'] });
 * ```
 *
 * @throws TeleportError `not_found`
 */
export async function updateBot(client: Caller, changes: BotChanges, options?: CallOptions): Promise<Bot> {
  const updateMask = [
    ...(changes.roles ? ['spec.roles'] : []),
    ...(changes.traits ? ['spec.traits'] : []),
    ...(changes.maxSessionTtlMs === undefined ? [] : ['spec.max_session_ttl']),
  ];
  const bot = newBot(changes);
  return botView(await client.unary(BotServiceDefinition, 'updateBot', { bot, updateMask }, options));
}

/** Deletes a bot with its user and role; what was issued to it is refused from then on. @throws TeleportError `not_found` */
export async function deleteBot(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(BotServiceDefinition, 'deleteBot', { botName: name }, options);
}
