import type { LockTarget, LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { accessDenied } from '../errors.ts';
import { fromTimestamp } from '../timestamps.ts';

/** Who or what a lock may be aimed at, for one identity. */
export interface LockSubject {
  readonly user: string;
  readonly roles: readonly string[];
  readonly mfaDevice?: string | undefined;
  readonly device?: string | undefined;
  readonly accessRequests: readonly string[];
  readonly serverId?: string | undefined;
}

export function isInForce(lock: LockV2, now: number): boolean {
  const expires = fromTimestamp(lock.Spec?.Expires);
  return expires === undefined || expires > now;
}

/** The first lock in force that is aimed at the subject. */
export function lockOn(subject: LockSubject, locks: readonly LockV2[], now: number): LockV2 | undefined {
  return locks.find((lock) => isInForce(lock, now) && lock.Spec?.Target && isAimedAt(lock.Spec.Target, subject));
}

function isAimedAt(target: LockTarget, subject: LockSubject): boolean {
  return (
    (target.User !== '' && target.User === subject.user) ||
    (target.Role !== '' && subject.roles.includes(target.Role)) ||
    (target.MFADevice !== '' && target.MFADevice === subject.mfaDevice) ||
    (target.Device !== '' && target.Device === subject.device) ||
    (target.AccessRequest !== '' && subject.accessRequests.includes(target.AccessRequest)) ||
    (target.ServerID !== '' && target.ServerID === subject.serverId)
  );
}

const TARGET_FIELDS = [
  'User',
  'Role',
  'Login',
  'MFADevice',
  'WindowsDesktop',
  'AccessRequest',
  'Device',
  'ServerID',
] as const;

/** Whether all that a query names is the lock's own. */
export function matchesTarget(lock: LockV2, query: LockTarget): boolean {
  return TARGET_FIELDS.every((field) => query[field] === '' || query[field] === lock.Spec?.Target?.[field]);
}

/** The refusal in full, as issuing gives it; callers that are locked themselves hear `access denied` only. */
export function lockError(lock: LockV2): Error {
  const target = TARGET_FIELDS.filter((field) => lock.Spec?.Target?.[field])
    .map((field) => `${field}:${JSON.stringify(lock.Spec?.Target?.[field])}`)
    .join(' ');
  const message = lock.Spec?.Message ? `: ${lock.Spec.Message}` : '';
  return accessDenied(`lock targeting ${target} is in force${message}`);
}
