import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { authorize } from '../access/caller.ts';
import { withRoleDefaults } from '../access/role-defaults.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound, revisionMismatch } from '../errors.ts';
import { matchesSearch } from '../predicate/resource-expression.ts';
import { nameOf, revisionOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';

const MAX_PAGE = 16_000;
const DEFAULT_PAGE = 1000;

export function roleCalls({ state }: ClusterContext): Service {
  const { roles } = state;
  const put = (role: RoleV6): RoleV6 => {
    const stored = stamped(role);
    roles.put(nameOf(stored), stored);
    return stored;
  };
  const get = (name: string): RoleV6 => {
    if (name === '') throw badParameter('missing parameter name');
    const role = roles.get(name);
    if (!role) throw notFound(`role ${name} is not found`);
    return role;
  };
  return service(AuthServiceDefinition, {
    getRole({ Name }, { caller }) {
      const isOwn = caller.identity?.roles.includes(Name) === true;
      if (!isOwn) authorize(caller, 'role', 'read');
      return get(Name);
    },
    listRoles({ Limit, StartKey, Filter }, { caller }) {
      authorize(caller, 'role', 'list', 'read');
      const words = Filter?.SearchKeywords ?? [];
      const isWanted = (role: RoleV6): boolean =>
        matchesSearch([nameOf(role), ...labelTexts(role)], words) &&
        !(Filter?.SkipSystemRoles && role.Metadata?.Labels.get('teleport.internal/resource-type') === 'system');
      const limit = Limit <= 0 ? DEFAULT_PAGE : Math.min(Limit, MAX_PAGE);
      const { items, next } = roles.page(StartKey, limit, isWanted);
      return { Roles: items, NextKey: next };
    },
    createRole({ Role }, { caller }) {
      authorize(caller, 'role', 'create');
      const role = withRoleDefaults(required(Role));
      if (roles.has(nameOf(role))) throw alreadyExists(`role ${JSON.stringify(nameOf(role))} already exists`);
      return put(role);
    },
    updateRole({ Role }, { caller }) {
      authorize(caller, 'role', 'update');
      const role = withRoleDefaults(required(Role));
      const stored = roles.get(nameOf(role));
      if (!stored || revisionOf(stored) !== revisionOf(role)) throw revisionMismatch();
      return put(role);
    },
    upsertRoleV2({ Role }, { caller }) {
      authorize(caller, 'role', 'create', 'update');
      return put(withRoleDefaults(required(Role)));
    },
    deleteRole({ Name }, { caller }) {
      authorize(caller, 'role', 'delete');
      get(Name);
      const holder = state.users.values().find((user) => user.Spec?.Roles.includes(Name));
      if (holder) throw badParameter(`role ${JSON.stringify(Name)} is still in use by a user`);
      roles.delete(Name);
      return {};
    },
  });
}

// The real process ends on a request without its main message; that is one fault that is not repeated here.
function required(role: RoleV6 | undefined): RoleV6 {
  if (!role) throw badParameter('missing role');
  return role;
}

const labelTexts = (role: RoleV6): string[] => [...(role.Metadata?.Labels ?? [])].flat();
