import type {
  BotInstance as BotInstanceMessage,
  BotInstanceStatusAuthentication,
  BotInstanceStatusHeartbeat,
} from '../gen/teleport/machineid/v1/bot_instance.ts';
import { fromDurationMessage, fromTimestamp } from '../timestamp.ts';
import type { ResourceView } from './resource.ts';

/** One time that an agent has joined or renewed. */
export interface BotAuthentication {
  readonly at: Date | undefined;
  readonly joinMethod: string;
  /** The name of the token; of a token whose name is a secret its last part. */
  readonly joinToken: string;
  /** Counts renewals; a wrong one locks the bot. */
  readonly generation: number;
  /** PEM. */
  readonly publicKey: string;
}

/** One time that an agent has said that it is alive. */
export interface BotHeartbeat {
  readonly at: Date | undefined;
  readonly isStartup: boolean;
  /** The agent ends after one run. */
  readonly isOneShot: boolean;
  readonly version: string;
  readonly hostname: string;
  readonly os: string;
  readonly architecture: string;
  readonly joinMethod: string;
  /** Since the agent started, in milliseconds. */
  readonly uptimeMs: number;
}

/** One agent of a bot, from its join on. Its name is its id. */
export interface BotInstance extends ResourceView<BotInstanceMessage> {
  readonly botName: string;
  readonly instanceId: string;
  /** The instance that it was before it joined anew; empty for the first. */
  readonly previousInstanceId: string;
  readonly initialAuthentication: BotAuthentication | undefined;
  /** The newest last. */
  readonly latestAuthentications: readonly BotAuthentication[];
  readonly initialHeartbeat: BotHeartbeat | undefined;
  /** The newest last. */
  readonly latestHeartbeats: readonly BotHeartbeat[];
}

/** An instance as its message says it. */
export function botInstanceView(message: BotInstanceMessage): BotInstance {
  const { metadata, spec, status } = message;
  return {
    kind: message.kind,
    subKind: message.subKind,
    version: message.version,
    name: metadata?.name ?? '',
    description: metadata?.description ?? '',
    labels: Object.fromEntries(metadata?.labels ?? []),
    expires: fromTimestamp(metadata?.expires),
    revision: metadata?.revision ?? '',
    botName: spec?.botName ?? '',
    instanceId: spec?.instanceId ?? '',
    previousInstanceId: spec?.previousInstanceId ?? '',
    initialAuthentication: status?.initialAuthentication && authenticationView(status.initialAuthentication),
    latestAuthentications: (status?.latestAuthentications ?? []).map(authenticationView),
    initialHeartbeat: status?.initialHeartbeat && heartbeatView(status.initialHeartbeat),
    latestHeartbeats: (status?.latestHeartbeats ?? []).map(heartbeatView),
    raw: message,
  };
}

const authenticationView = (message: BotInstanceStatusAuthentication): BotAuthentication => ({
  at: fromTimestamp(message.authenticatedAt),
  joinMethod: message.joinMethod,
  joinToken: message.joinToken,
  generation: message.generation,
  publicKey: message.publicKey.toString(),
});

const heartbeatView = (message: BotInstanceStatusHeartbeat): BotHeartbeat => ({
  at: fromTimestamp(message.recordedAt),
  isStartup: message.isStartup,
  isOneShot: message.oneShot,
  version: message.version,
  hostname: message.hostname,
  os: message.os,
  architecture: message.architecture,
  joinMethod: message.joinMethod,
  uptimeMs: fromDurationMessage(message.uptime) ?? 0,
});
