import { randomUUID } from 'node:crypto';
import { LockTarget, type LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { isEmptyTarget } from '../access/locks.ts';
import { badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';

/** Who or what a lock is put on; at least one of them, and of several each by itself is locked. */
export interface LockTargetFields {
  readonly user?: string;
  readonly role?: string;
  /** A login on nodes. */
  readonly login?: string;
  /** The id of a node or of another host, with or without the cluster's name behind it. */
  readonly serverId?: string;
  /** The id of an MFA device. */
  readonly mfaDevice?: string;
  /** The name of a Windows desktop. */
  readonly windowsDesktop?: string;
  /** The id of an access request. */
  readonly accessRequest?: string;
  /** The id of a trusted device. */
  readonly device?: string;
}

export interface LockFields extends LockTargetFields {
  /** What those who are issued nothing are told. */
  readonly message?: string;
  /** Default: until it is removed. */
  readonly expiresInMs?: number;
}

/**
 * A lock under a new name.
 *
 * @throws TeleportError `bad_parameter` when it is put on nobody and nothing
 */
export function lockOf({ message = '', expiresInMs, ...target }: LockFields, nowMs: number): LockV2 {
  const Target = lockTarget(target);
  if (isEmptyTarget(Target)) throw badParameter('at least one target field must be set');
  return {
    Kind: 'lock',
    SubKind: '',
    Version: 'v2',
    Metadata: metadataOf({ name: randomUUID() }),
    Spec: {
      Target,
      Message: message,
      Expires: expiresInMs === undefined ? undefined : toTimestamp(nowMs + expiresInMs),
      CreatedAt: zeroTime(),
      CreatedBy: '',
    },
  };
}

function lockTarget(fields: LockTargetFields): LockTarget {
  const { user, role, login, serverId, mfaDevice, windowsDesktop, accessRequest, device } = fields;
  return LockTarget.create({
    User: user ?? '',
    Role: role ?? '',
    Login: login ?? '',
    ServerID: serverId ?? '',
    MFADevice: mfaDevice ?? '',
    WindowsDesktop: windowsDesktop ?? '',
    AccessRequest: accessRequest ?? '',
    Device: device ?? '',
  });
}
