import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { authorize } from '../access/caller.ts';
import { isEmptyTarget, isInForce, matchesTarget } from '../access/locks.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { toTimestamp } from '../timestamps.ts';

export function lockCalls({ state, clock }: ClusterContext): Service {
  const { locks } = state;
  const get = (name: string): LockV2 => {
    const lock = locks.get(name);
    if (!lock) throw notFound(`"lock" ${JSON.stringify(name)} does not exist`);
    return lock;
  };
  return service(AuthServiceDefinition, {
    getLock({ Name }, { caller }) {
      authorize(caller, 'lock', 'read');
      return get(Name);
    },
    getLocks({ Targets, InForceOnly }, { caller }) {
      authorize(caller, 'lock', 'list', 'read');
      const Locks = locks
        .values()
        .filter((lock) => !InForceOnly || isInForce(lock, clock.now()))
        .filter((lock) => Targets.length === 0 || Targets.some((target) => matchesTarget(lock, target)));
      return { Locks };
    },
    upsertLock(lock, { caller }) {
      authorize(caller, 'lock', 'create', 'update');
      if (nameOf(lock) === '') throw badParameter('missing parameter Name');
      if (!lock.Spec || isEmptyTarget(lock.Spec.Target)) throw badParameter('at least one target field must be set');
      const Spec = { ...lock.Spec, CreatedAt: toTimestamp(clock.now()), CreatedBy: caller.user };
      locks.put(nameOf(lock), stamped({ ...lock, Kind: 'lock', Version: 'v2', Spec }));
      return {};
    },
    deleteLock({ Name }, { caller }) {
      authorize(caller, 'lock', 'delete');
      get(Name);
      locks.delete(Name);
      return {};
    },
  });
}
