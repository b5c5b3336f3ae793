import { fromDurationMessage } from '@teleport-ts/api-types';
import type { Bot } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot';
import { BotServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/bot';
import { authorizeFor, authorizeMaybe, type Caller } from '../access/caller.ts';
import { actorOf } from '../audit/actor.ts';
import { aboutResource } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { BOT_LABEL, type BotFields, botOf, botUserName, putBot } from '../state/bots.ts';
import { changedBot, traitsOf } from '../state/changed-bot.ts';
import { fromTimestamp } from '../timestamps.ts';

const DEFAULT_PAGE = 1000;

export function botService({ state, audit }: ClusterContext): Service {
  const get = (botName: string): Bot => {
    const userName = botUserName(botName);
    const user = state.users.get(userName);
    if (!user) throw notFound(`fetching bot user\n\t"user" ${JSON.stringify(userName)} does not exist`);
    if (!state.roles.has(userName)) throw notFound(`fetching bot role\n\trole ${userName} is not found`);
    const bot = botOf(state, user);
    if (!bot) throw badParameter('converting from resources\n\tuser missing bot label');
    return bot;
  };
  const put = (fields: BotFields, call: Call): Bot => {
    const { user } = putBot(state, { ...fields, createdBy: call.caller.user });
    emit('bot.create', fields.name, call);
    return botOf(state, user) as Bot;
  };
  const emit = (kind: 'bot.create' | 'bot.update' | 'bot.delete', name: string, call: Call): void =>
    audit.emit(kind, { User: actorOf(call).user, Resource: aboutResource(name) });

  return service(BotServiceDefinition, {
    getBot({ botName }, { caller }) {
      authorizeMaybe(caller, 'bot', 'read');
      if (botName === '') throw badParameter('bot_name: must be non-empty');
      const bot = get(botName);
      if (!mayDoTo(caller, bot, 'read')) throw notFound(`bot ${JSON.stringify(botName)} not found`);
      return bot;
    },
    listBots({ pageSize, pageToken }, { caller }) {
      authorizeMaybe(caller, 'bot', 'list');
      // As the real one has it, the token leads past the one who would be next.
      // A page is one of users, of whom the bots are answered: it may well be empty and yet have a next one.
      const limit = pageSize > 0 ? Math.min(pageSize, DEFAULT_PAGE) : DEFAULT_PAGE;
      const { items, next } = state.users.page(pageToken, limit);
      const bots = items
        .map((user) => botOf(state, user))
        .filter((bot) => bot !== undefined)
        .filter((bot) => mayDoTo(caller, bot, 'list'));
      return { bots, nextPageToken: next && `${next}0` };
    },
    createBot({ bot }, call) {
      const given = required(bot);
      authorizeFor(call.caller, { resource: given }, 'bot', 'create');
      const fields = checkedFields(given);
      const name = botUserName(fields.name);
      if (state.users.has(name)) {
        throw alreadyExists(`creating bot user\n\tuser ${JSON.stringify(name)} already registered`);
      }
      return put(fields, call);
    },
    upsertBot({ bot }, call) {
      const given = required(bot);
      authorizeFor(call.caller, { resource: given }, 'bot', 'update', 'create');
      return put(checkedFields(given), call);
    },
    updateBot({ bot, updateMask }, call) {
      const given = required(bot);
      const { metadata, spec } = given;
      authorizeFor(call.caller, { resource: given }, 'bot', 'update');
      if (!metadata) throw badParameter('bot.metadata: must be non-nil');
      if (metadata.name === '') throw badParameter('bot.metadata.name: must be non-empty');
      if (!spec) throw badParameter('bot.spec: must be non-nil');
      if (!updateMask) throw badParameter('update_mask: must be non-nil');
      if (updateMask.length === 0) throw badParameter('update_mask.paths: must be non-empty');
      const name = botUserName(metadata.name);
      const user = state.users.get(name);
      if (!user) throw notFound(`getting bot user\n\tuser ${JSON.stringify(name)} not found`);
      const role = state.roles.get(name);
      if (!role) throw notFound(`getting bot role\n\trole ${name} is not found`);
      const changed = changedBot({ user, role }, spec, updateMask);
      state.users.put(name, stamped(changed.user));
      state.roles.put(name, stamped(changed.role));
      emit('bot.update', metadata.name, call);
      return get(metadata.name);
    },
    deleteBot({ botName }, call) {
      if (botName === '') throw badParameter('bot_name: must be non-empty');
      authorizeFor(call.caller, { resource: { kind: 'bot', metadata: { name: botName } } }, 'bot', 'delete');
      const name = botUserName(botName);
      const faults = [
        deletionFault('user', botName, state.users.get(name), `user ${JSON.stringify(name)} not found`),
        deletionFault('role', botName, state.roles.get(name), `role ${name} is not found`),
      ];
      const [userFault, roleFault] = faults;
      if (!userFault) state.users.delete(name);
      if (!roleFault) state.roles.delete(name);
      const first = faults.find((fault) => fault !== undefined);
      if (first) {
        const text = faults.filter((fault) => fault !== undefined).map((fault) => fault.message);
        throw (first.isMissing ? notFound : badParameter)(text.join(', '));
      }
      emit('bot.delete', botName, call);
      return {};
    },
  });
}

/** Why the user or the role of a bot cannot be removed; the other one is removed all the same. */
function deletionFault(
  what: 'user' | 'role',
  botName: string,
  resource: UserV2 | RoleV6 | undefined,
  missing: string,
): { readonly message: string; readonly isMissing: boolean } | undefined {
  if (!resource) {
    return { message: `deleting bot ${what}\n\tfetching bot ${what}\n\t\t${missing}`, isMissing: true };
  }
  if (resource.Metadata?.Labels.get(BOT_LABEL) === botName && nameOf(resource) !== '') return undefined;
  const advice = `consider manually deleting ${what}`;
  return {
    message: `deleting bot ${what}\n\t${what} missing bot label matching bot name; ${advice}`,
    isMissing: false,
  };
}

const mayDoTo = ({ systemRole, roles }: Caller, bot: Bot, verb: 'read' | 'list'): boolean =>
  systemRole === 'Admin' || roles.mayDo('bot', [verb], { resource: bot });

function required(bot: Bot | undefined): Bot {
  if (!bot) throw badParameter('setting kind and version\n\tbot: must be non-nil');
  return bot;
}

function checkedFields(bot: Bot): BotFields {
  const { metadata, spec } = checkAndSetDefaults(bot);
  return {
    name: metadata?.name ?? '',
    roles: spec?.roles ?? [],
    traits: traitsOf(spec?.traits ?? []),
    maxSessionTtlMs: fromDurationMessage(spec?.maxSessionTtl),
    labels: Object.fromEntries(metadata?.labels ?? []),
    expiresAt: fromTimestamp(metadata?.expires) || undefined,
  };
}
