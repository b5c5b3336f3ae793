import { isZeroTime } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { LockSpecV2, LockTarget, LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/lock';
import { authorize } from '../access/caller.ts';
import { isInForce, matchesTarget } from '../access/locks.ts';
import { actorOf } from '../audit/actor.ts';
import { aboutResource, emitLockCreated } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { toTimestamp } from '../timestamps.ts';

export function lockCalls({ state, clock, audit }: ClusterContext): Service {
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
    upsertLock(lock, call) {
      const { caller } = call;
      authorize(caller, 'lock', 'create', 'update');
      const checked = checkAndSetDefaults(lock);
      const spec = checked.Spec as LockSpecV2;
      const { CreatedAt, CreatedBy, Expires } = spec;
      const Spec = {
        ...spec,
        CreatedAt: isZeroTime(CreatedAt) ? toTimestamp(clock.now()) : CreatedAt,
        CreatedBy: CreatedBy || (caller.systemRole === 'Admin' ? 'Admin' : caller.user),
      };
      locks.put(nameOf(lock), stamped({ ...checked, Spec }));
      emitLockCreated(audit, nameOf(lock), spec.Target as LockTarget, Expires, actorOf(call));
      return {};
    },
    deleteLock({ Name }, call) {
      authorize(call.caller, 'lock', 'delete');
      if (Name === '') throw badParameter('missing lock name');
      const Target = locks.get(Name)?.Spec?.Target;
      if (!Target) throw notFound(`lock ${JSON.stringify(Name)} is not found`);
      locks.delete(Name);
      audit.emit('lock.deleted', {
        User: actorOf(call).user,
        Resource: aboutResource(Name),
        Lock: { Target },
      });
      return {};
    },
  });
}
