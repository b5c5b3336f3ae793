import { randomUUID } from 'node:crypto';
import type {
  BotInstance,
  BotInstanceStatusAuthentication,
} from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance';
import { LockTarget } from '@teleport-ts/api-types/proto/teleport/types/lock';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import type { Actor } from '../audit/actor.ts';
import { emitLockCreated } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied } from '../errors.ts';
import { metadataOf, stamped } from '../resources.ts';
import { GENERATION_LABEL } from '../state/bots.ts';
import { botInstanceKey } from '../state/cluster-state.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';

const EXPIRY_MARGIN_MS = 5 * 60_000;
const AUTHENTICATIONS_KEPT = 10;

/** What a bot's next certificate carries. */
export interface InstanceGrant {
  readonly instanceId: string;
  readonly generation: number;
}

/** A bot joins for the first time: a new instance, generation 1. */
export function addInstance(
  context: ClusterContext,
  botName: string,
  authentication: BotInstanceStatusAuthentication,
  expires: number,
  previousInstanceId = '',
): InstanceGrant {
  const instanceId = randomUUID();
  const instance: BotInstance = {
    kind: 'bot_instance',
    subKind: '',
    version: 'v1',
    metadata: {
      name: instanceId,
      namespace: '',
      description: '',
      labels: new Map(),
      expires: toTimestamp(expires + EXPIRY_MARGIN_MS),
      revision: randomUUID(),
    },
    spec: { botName, instanceId, previousInstanceId },
    status: {
      initialAuthentication: authentication,
      latestAuthentications: [authentication],
      initialHeartbeat: undefined,
      latestHeartbeats: [],
    },
  };
  context.state.botInstances.put(botInstanceKey(botName, instanceId), instance);
  return { instanceId, generation: authentication.generation };
}

export interface Renewal {
  readonly botName: string;
  readonly user: UserV2;
  /** As in the caller's certificate; empty for one that has none. */
  readonly instanceId: string;
  readonly generation: number;
  readonly renewable: boolean;
  readonly publicKey: Buffer;
  readonly expires: number;
  /** Who asks. */
  readonly actor: Actor;
}

/**
 * Compares the generation of the caller's certificate with the instance's and counts one on. It is counted before the
 * certificate is out, so an answer that is lost makes the next renewal a mismatch. A mismatch locks the bot's user, once
 * more each time.
 *
 * @throws TeleportError `access_denied`
 */
export function countGeneration(context: ClusterContext, renewal: Renewal): InstanceGrant {
  const { state, clock, logger } = context;
  const { botName, instanceId, generation, user } = renewal;
  const instance = instanceId === '' ? undefined : state.botInstances.get(botInstanceKey(botName, instanceId));
  const authentication = (next: number): BotInstanceStatusAuthentication => ({
    authenticatedAt: toTimestamp(clock.now()),
    joinMethod: 'token',
    joinToken: '',
    metadata: undefined,
    generation: next,
    publicKey: renewal.publicKey,
    joinAttrs: undefined,
  });

  if (!instance) {
    const next = generation > 0 ? countByLabel(context, renewal) : 1;
    return addInstance(context, botName, authentication(next), renewal.expires);
  }
  const status = instance.status;
  const history = status?.latestAuthentications ?? [];
  const stored = history.at(-1)?.generation ?? 0;
  if (generation === 0) throw accessDenied('a current identity generation must be provided');
  if (generation !== stored) {
    if (renewal.renewable) {
      lockUser(context, user, renewal.actor);
      throw accessDenied(
        `renewable cert generation mismatch for bot ${botName}/${instanceId}: stored=${stored}, presented=${generation}`,
      );
    }
    logger.warn(
      { botName, instanceId, stored, generation },
      'generation mismatch of a certificate that is not renewable',
    );
  }
  const next = stored + 1;
  if (renewal.renewable) keepHighestGeneration(context, user, next);
  const record = authentication(next);
  state.botInstances.put(botInstanceKey(botName, instanceId), {
    ...instance,
    metadata: instance.metadata && {
      ...instance.metadata,
      expires: toTimestamp(renewal.expires + EXPIRY_MARGIN_MS),
      revision: randomUUID(),
    },
    status: {
      initialAuthentication: status?.initialAuthentication ?? record,
      latestAuthentications: [...history, record].slice(-AUTHENTICATIONS_KEPT),
      initialHeartbeat: status?.initialHeartbeat,
      latestHeartbeats: status?.latestHeartbeats ?? [],
    },
  });
  return { instanceId, generation: next };
}

/** The instance's record is gone: what is left is the highest generation that any instance of the bot had. */
function countByLabel(context: ClusterContext, { user, generation: presented, actor }: Renewal): number {
  const stored = Number(user.Metadata?.Labels.get(GENERATION_LABEL) ?? 0);
  if (stored !== presented) {
    lockUser(context, user, actor);
    throw accessDenied(`renewable cert generation mismatch: stored=${stored}, presented=${presented}`);
  }
  keepHighestGeneration(context, user, presented + 1);
  return presented + 1;
}

function keepHighestGeneration({ state }: ClusterContext, user: UserV2, generation: number): void {
  const metadata = user.Metadata;
  if (!metadata || generation <= Number(metadata.Labels.get(GENERATION_LABEL) ?? 0)) return;
  const Labels = new Map(metadata.Labels).set(GENERATION_LABEL, String(generation));
  state.users.put(metadata.Name, stamped({ ...user, Metadata: { ...metadata, Labels } }));
}

function lockUser({ state, audit }: ClusterContext, user: UserV2, actor: Actor): void {
  const name = randomUUID();
  const userName = user.Metadata?.Name ?? '';
  const Target = LockTarget.create({ User: userName });
  state.locks.put(name, {
    Kind: 'lock',
    SubKind: '',
    Version: 'v2',
    Metadata: metadataOf({ name }),
    Spec: {
      Target,
      Message: `The bot user ${JSON.stringify(userName)} has been locked due to a certificate generation mismatch, possibly indicating a stolen certificate.`,
      Expires: undefined,
      CreatedAt: zeroTime(),
      CreatedBy: '',
    },
  });
  emitLockCreated(audit, name, Target, undefined, actor);
  audit.emit('cert.generation_mismatch', { UserMetadata: actor.user });
}
