import { randomUUID } from 'node:crypto';
import { LockTarget, type LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { metadataOf } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';

/** Who or what a lock is put on; at least one of them. */
export interface LockFields {
  readonly user?: string;
  readonly role?: string;
  readonly message?: string;
  /** Default: until it is removed. */
  readonly expiresInMs?: number;
}

/** A lock under a new name. */
export function lockOf({ user = '', role = '', message = '', expiresInMs }: LockFields, nowMs: number): LockV2 {
  return {
    Kind: 'lock',
    SubKind: '',
    Version: 'v2',
    Metadata: metadataOf({ name: randomUUID() }),
    Spec: {
      Target: LockTarget.create({ User: user, Role: role }),
      Message: message,
      Expires: expiresInMs === undefined ? undefined : toTimestamp(nowMs + expiresInMs),
      CreatedAt: zeroTime(),
      CreatedBy: '',
    },
  };
}
