import { toTimestamp } from '@teleport-ts/api-types';
import type { BotStatus } from '@teleport-ts/tbot-core';
import {
  BotStatus as BotStatusMessage,
  ServiceStatus as ServiceStatusMessage,
  SocketStatus as SocketStatusMessage,
} from '@teleport-ts/tbot-core/proto';
import type { SocketStatus } from './socket-counters.ts';

/** A failure that is not over. */
interface LastFailure {
  readonly lastError?: string;
  readonly lastErrorAt?: Date;
}

const failureFields = ({ lastError, lastErrorAt }: LastFailure) => ({
  lastError: lastError ?? '',
  ...(lastErrorAt && { lastErrorAt: toTimestamp(lastErrorAt) }),
});

export function botStatusMessage(status: BotStatus): BotStatusMessage {
  return BotStatusMessage.fromPartial({
    state: status.state,
    botName: status.botName,
    botInstanceId: status.botInstanceId,
    cluster: status.cluster,
    address: status.address,
    serverVersion: status.serverVersion,
    generation: status.generation,
    expires: toTimestamp(status.expires),
    ...(status.nextRenewal && { nextRenewal: toTimestamp(status.nextRenewal) }),
    ...failureFields(status),
    warmSessions: status.warmSessions,
  });
}

export function socketStatusMessage(status: SocketStatus): SocketStatusMessage {
  return SocketStatusMessage.fromPartial({
    path: status.path,
    roles: [...status.roles],
    issued: BigInt(status.issued),
    refused: BigInt(status.refused),
    failed: BigInt(status.failed),
    ...failureFields(status),
    kinds: [...status.kinds],
    connections: status.connections,
    streams: status.streams,
  });
}

/**
 * The parts of the bot that work on their own. Nothing is told of one that the agent cannot look into yet but that it is
 * starting.
 */
export function botServiceMessages(bot: BotStatus | undefined): ServiceStatusMessage[] {
  const state = bot && (bot.state === 'running' || bot.state === 'renewing' ? 'healthy' : 'unhealthy');
  return [
    serviceMessage('bot-identity', { ...bot, state: state ?? 'starting' }),
    serviceMessage('ca-watch', bot?.authorityWatch ?? { state: 'starting' }),
  ];
}

function serviceMessage(name: string, status: LastFailure & { readonly state: string }): ServiceStatusMessage {
  return ServiceStatusMessage.fromPartial({ name, state: status.state, ...failureFields(status) });
}
