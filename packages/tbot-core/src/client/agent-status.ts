import { fromTimestamp } from '@teleport-ts/api-types';
import type {
  BotStatus as BotMessage,
  GetStatusResponse,
  ServiceStatus as ServiceMessage,
  SocketStatus as SocketMessage,
} from '../gen/tbot/credentials/v1/credentials.ts';

/** How an agent is. */
export interface AgentStatus {
  readonly agentVersion: string;
  readonly started?: Date;
  readonly bot?: AgentBotStatus;
  readonly sockets: readonly AgentSocketStatus[];
  /** Whatever else the agent runs. */
  readonly services: readonly AgentServiceStatus[];
}

/** The agent's own identity. */
export interface AgentBotStatus {
  /** `running`, `renewing`, `degraded` (renewal fails, the identity still lives), `locked`, `expired`. */
  readonly state: string;
  readonly botName: string;
  readonly botInstanceId: string;
  readonly cluster: string;
  /** The address that the agent reached the cluster by. */
  readonly address: string;
  readonly serverVersion: string;
  readonly generation: number;
  readonly expires?: Date;
  readonly nextRenewal?: Date;
  /** The last failure of a renewal; absent after a success. */
  readonly lastError?: string;
  readonly lastErrorAt?: Date;
  /** Sessions with role sets that are kept ready. */
  readonly warmSessions: number;
}

/** One socket of the agent, and how often it issued. */
export interface AgentSocketStatus {
  readonly path: string;
  readonly roles: readonly string[];
  /** The kinds of credentials that it serves: `identity`, `application`, … */
  readonly kinds: readonly string[];
  /** Connections and, on them, streams that are open now. */
  readonly connections: number;
  readonly streams: number;
  readonly issued: number;
  readonly refused: number;
  readonly failed: number;
  readonly lastError?: string;
  readonly lastErrorAt?: Date;
}

/** One service of the agent, such as a static output. */
export interface AgentServiceStatus {
  readonly name: string;
  readonly state: string;
  readonly lastError?: string;
  readonly lastErrorAt?: Date;
}

export function statusFromMessage(message: GetStatusResponse): AgentStatus {
  return {
    agentVersion: message.agentVersion,
    ...date('started', message.started),
    ...(message.bot ? { bot: botFromMessage(message.bot) } : {}),
    sockets: message.sockets.map(socketFromMessage),
    services: message.services.map(serviceFromMessage),
  };
}

function botFromMessage(message: BotMessage): AgentBotStatus {
  const { state, botName, botInstanceId, cluster, address, serverVersion, generation } = message;
  return {
    state,
    botName,
    botInstanceId,
    cluster,
    address,
    serverVersion,
    generation,
    ...date('expires', message.expires),
    ...date('nextRenewal', message.nextRenewal),
    ...lastError(message),
    warmSessions: message.warmSessions,
  };
}

function socketFromMessage(message: SocketMessage): AgentSocketStatus {
  return {
    path: message.path,
    roles: message.roles,
    kinds: message.kinds,
    connections: message.connections,
    streams: message.streams,
    issued: Number(message.issued),
    refused: Number(message.refused),
    failed: Number(message.failed),
    ...lastError(message),
  };
}

function serviceFromMessage(message: ServiceMessage): AgentServiceStatus {
  return { name: message.name, state: message.state, ...lastError(message) };
}

type LastError = Pick<AgentSocketStatus, 'lastError' | 'lastErrorAt'>;

function lastError({ lastError, lastErrorAt }: Pick<SocketMessage, 'lastError' | 'lastErrorAt'>): LastError {
  return lastError ? { lastError, ...date('lastErrorAt', lastErrorAt) } : {};
}

function date<Name extends string>(name: Name, value: BotMessage['expires']): { readonly [key in Name]?: Date } {
  const date = fromTimestamp(value);
  return (date ? { [name]: date } : {}) as { [key in Name]?: Date };
}
