import type { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { type LockTarget, newLock } from '@teleport-ts/api-types/resources/lock';
import { stamped } from '../resources.ts';

/** Who or what a lock is put on: at least one member, and of several each by itself is locked. */
export interface LockFields extends LockTarget {
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
  const expires = expiresInMs === undefined ? undefined : new Date(nowMs + expiresInMs);
  return stamped(newLock({ target, message, expires }));
}
