import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import {
  DeleteLockRequest,
  GetLockRequest,
  GetLocksRequest,
  GetLocksResponse,
} from '@teleport-ts/api-types/proto/teleport/proto/locks';
import { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { type Lock, type LockTarget, lockTarget, lockView } from '@teleport-ts/api-types/resources/lock';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { named } from './required.ts';

const Locks = authMethods({
  getLock: unary('GetLock', GetLockRequest, LockV2),
  getLocks: unary('GetLocks', GetLocksRequest, GetLocksResponse),
  upsertLock: unary('UpsertLock', LockV2, Empty),
  deleteLock: unary('DeleteLock', DeleteLockRequest, Empty),
});

/** Which locks. */
export interface LockQuery {
  /** Those that have each member of one of these. */
  readonly targets?: readonly LockTarget[];
  /** Leaves out those whose time is over. */
  readonly inForceOnly?: boolean;
}

/** @throws TeleportError `not_found` */
export async function getLock(client: Caller, name: string, options?: CallOptions): Promise<Lock> {
  return lockView(await client.unary(Locks, 'getLock', { Name: name }, options));
}

/** All locks that are asked for; Teleport 18.0 has no pages of them. */
export async function getLocks(
  client: Caller,
  { targets = [], inForceOnly = false }: LockQuery = {},
  options?: CallOptions,
): Promise<readonly Lock[]> {
  const request = { Targets: targets.map(lockTarget), InForceOnly: inForceOnly };
  return (await client.unary(Locks, 'getLocks', request, options)).Locks.map(lockView);
}

/**
 * Makes a lock, or replaces it. It is in force at once, for those that are connected too.
 *
 * ```ts
 * await upsertLock(client, newLock({ target: { user: 'bob' }, message: 'call security' }));
 * ```
 */
export async function upsertLock(client: Caller, lock: LockV2, options?: CallOptions): Promise<void> {
  await client.unary(Locks, 'upsertLock', named('lock', lock), options);
}

/** @throws TeleportError `not_found` */
export async function deleteLock(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(Locks, 'deleteLock', { Name: name }, options);
}
