import { BotInstanceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { type BotInstance, botInstanceView } from '@teleport-ts/api-types/resources/bot-instance';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { allPages, type FetchPage, onePage, type Page, type PageQuery } from './pages.ts';

/** Which instance: there are many of one bot. */
export interface BotInstanceId {
  readonly botName: string;
  readonly instanceId: string;
}

/** Which instances. */
export interface BotInstanceQuery extends PageQuery {
  /** Default: those of all bots. */
  readonly botName?: string;
  /** Must be in the name of the bot, the id, or what the newest heartbeat says of its host. */
  readonly searchTerm?: string;
}

/** @throws TeleportError `not_found` */
export async function getBotInstance(client: Caller, id: BotInstanceId, options?: CallOptions): Promise<BotInstance> {
  return botInstanceView(await client.unary(BotInstanceServiceDefinition, 'getBotInstance', { ...id }, options));
}

/** Agents of bots, page by page as they are taken; `timeoutMs` is for each page. */
export function listBotInstances(
  client: Caller,
  query: BotInstanceQuery = {},
  options?: CallOptions,
): AsyncIterable<BotInstance> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listBotInstances}. */
export function listBotInstancesPage(
  client: Caller,
  query: BotInstanceQuery = {},
  options?: CallOptions,
): Promise<Page<BotInstance>> {
  return onePage(pages(client, query, options), query);
}

const pages =
  (client: Caller, query: BotInstanceQuery, options?: CallOptions): FetchPage<BotInstance> =>
  async (pageSize, pageToken) => {
    const { botName: filterBotName = '', searchTerm: filterSearchTerm = '' } = query;
    const request = { pageSize, pageToken, filterBotName, filterSearchTerm };
    const answer = await client.unary(BotInstanceServiceDefinition, 'listBotInstances', request, options);
    return { items: answer.botInstances.map(botInstanceView), nextToken: answer.nextPageToken };
  };

/** Forgets an instance; its agent cannot renew any more. @throws TeleportError `not_found` */
export async function deleteBotInstance(client: Caller, id: BotInstanceId, options?: CallOptions): Promise<void> {
  await client.unary(BotInstanceServiceDefinition, 'deleteBotInstance', { ...id }, options);
}
