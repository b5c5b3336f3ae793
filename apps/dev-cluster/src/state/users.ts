import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { labelValues, metadataOf } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import type { ClusterState } from './cluster-state.ts';

export interface UserFields {
  readonly name: string;
  readonly roles: readonly string[];
  readonly traits?: Readonly<Record<string, readonly string[]>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** When it ceases to exist, in milliseconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined;
  /** Who makes the user. */
  readonly createdBy?: string;
}

/** A local user without a password. */
export function newUser({ clock, facts }: ClusterState, fields: UserFields): UserV2 {
  return {
    Kind: 'user',
    SubKind: '',
    Version: 'v2',
    Metadata: metadataOf({ name: fields.name, labels: fields.labels ?? {}, expiresAt: fields.expiresAt }),
    Spec: {
      OIDCIdentities: [],
      SAMLIdentities: [],
      GithubIdentities: [],
      Roles: [...fields.roles],
      Traits: labelValues(fields.traits ?? {}),
      Status: { IsLocked: false, LockedMessage: '', LockedTime: zeroTime(), LockExpires: zeroTime() },
      Expires: zeroTime(),
      CreatedBy: {
        Connector: undefined,
        Time: toTimestamp(clock.now()),
        User: { Name: fields.createdBy ?? `${facts.hostId}.${facts.name}` },
      },
      LocalAuth: undefined,
      TrustedDeviceIDs: [],
    },
    // The enumeration's first value above "unspecified": nothing is set.
    Status: { passwordState: 1, mfaWeakestDevice: 1 },
  };
}
