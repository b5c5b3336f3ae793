import type { TlsIdentity } from '@teleport-ts/api-types';
import { UserKind, type UserMetadata } from '@teleport-ts/api-types/proto/teleport/events/metadata';
import { systemRoleOf } from '@teleport-ts/api-types/resources/system-roles';
import type { Caller } from '../access/caller.ts';
import type { Call } from '../rpc/service.ts';

type Fields<T> = { readonly [K in keyof T]?: T[K] };

/** Who did something, and from where, as events tell it. */
export interface Actor {
  readonly user: Fields<UserMetadata>;
  /** `address:port`; empty when nobody called. */
  readonly remoteAddress: string;
  readonly userAgent: string;
}

/** The cluster itself. */
export const SYSTEM_ACTOR: Actor = { user: { User: 'system' }, remoteAddress: '', userAgent: '' };

const MAX_USER_AGENT = 2048;

export function actorOf({ caller, remoteAddress, metadata }: Call): Actor {
  const userAgent = metadata.get('user-agent').join(' ').slice(0, MAX_USER_AGENT);
  return { user: userMetadata(caller), remoteAddress, userAgent };
}

function userMetadata({ user, identity }: Caller): Fields<UserMetadata> {
  if (!identity) return SYSTEM_ACTOR.user;
  return {
    User: user,
    Impersonator: identity.impersonator ?? '',
    AWSRoleARN: identity.app?.awsRoleArn ?? '',
    AzureIdentity: identity.app?.azureIdentity ?? '',
    GCPServiceAccount: identity.app?.gcpServiceAccount ?? '',
    AccessRequests: [...identity.activeRequests],
    UserKind: userKind(identity),
    BotName: identity.botName ?? '',
    BotInstanceID: identity.botInstanceId ?? '',
  };
}

/** By the names of the roles: somebody whose only role is called `admin` is taken for a service, as the real one does. */
function userKind({ botName, roles }: TlsIdentity): UserKind {
  if (botName) return UserKind.USER_KIND_BOT;
  const isSystem = roles.length > 0 && roles.every((role) => systemRoleOf(role) !== undefined);
  return isSystem ? UserKind.USER_KIND_SYSTEM : UserKind.USER_KIND_HUMAN;
}
