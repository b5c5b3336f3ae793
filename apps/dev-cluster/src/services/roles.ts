import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/role';
import { systemRoleOf } from '@teleport-ts/api-types/resources/system-roles';
import { authorize, authorizeFor, type Caller } from '../access/caller.ts';
import { checkRoleFeatures } from '../access/role-features.ts';
import { roleForClient } from '../access/role-for-client.ts';
import type { Verb } from '../access/rules.ts';
import { actorOf } from '../audit/actor.ts';
import { aboutResource, doneBy } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, alreadyExists, badParameter, notFound, revisionMismatch, unknownError } from '../errors.ts';
import { matchesSearch } from '../predicate/resource-expression.ts';
import { nameOf, revisionOf, stamped } from '../resources.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { checkResourceName } from '../state/resource-name.ts';

const MAX_PAGE = 16_000;
const DEFAULT_PAGE = 1000;

export function roleCalls({ state, audit }: ClusterContext): Service {
  const { roles } = state;
  const put = (role: RoleV6): RoleV6 => {
    if (systemRoleOf(nameOf(role)) === nameOf(role)) {
      throw badParameter(`reserved role: ${nameOf(role)}`);
    }
    checkResourceName('/roles/', nameOf(role), '/params');
    const stored = stamped(role);
    roles.put(nameOf(stored), stored);
    return stored;
  };
  const get = (name: string): RoleV6 => {
    const role = roles.get(name);
    if (!role) throw notFound(`role ${name} is not found`);
    return role;
  };
  const read = (name: string, caller: Caller): RoleV6 => {
    const isOwn = caller.identity?.roles.includes(name) === true;
    if (isOwn || mayDo(caller, 'read')) return get(name);
    // Whoever may read some roles learns no more of the others than who may read none.
    const role = roles.get(name);
    if (!role) authorize(caller, 'role', 'read');
    authorizeFor(caller, { resource: role }, 'role', 'read');
    return get(name);
  };
  const upsert = (given: RoleV6 | undefined, call: Call): RoleV6 => {
    const role = checkedRole(given);
    const before = roles.get(nameOf(role));
    if (before) authorizeFor(call.caller, { resource: before }, 'role', 'update');
    authorizeFor(call.caller, { resource: role }, 'role', before ? 'update' : 'create');
    checkRoleFeatures(role);
    const stored = put(role);
    emit('role.created', nameOf(stored), call);
    return stored;
  };
  const emit = (kind: 'role.created' | 'role.updated' | 'role.deleted', name: string, call: Call): void =>
    audit.emit(kind, { ...doneBy(actorOf(call)), Resource: aboutResource(name) });

  return service(AuthServiceDefinition, {
    getRole: ({ Name }, { caller, metadata }) => roleForClient(read(Name, caller), metadata),
    async *getCurrentUserRoles(_request, { caller }) {
      if (!caller.identity) throw notFound('role Nop is not found');
      yield* caller.identity.roles.map((name) => read(name, caller));
    },
    listRoles({ Limit, StartKey, Filter }, { caller, metadata }) {
      const isAll = mayDo(caller, 'list', 'read');
      const words = Filter?.SearchKeywords ?? [];
      const isWanted = (role: RoleV6): boolean =>
        (isAll || mayDoTo(caller, role, 'list', 'read')) &&
        matchesSearch([nameOf(role), ...labelTexts(role)], words) &&
        !(Filter?.SkipSystemRoles && role.Metadata?.Labels.get('teleport.internal/resource-type') === 'system');
      const limit = Limit <= 0 ? DEFAULT_PAGE : Math.min(Limit, MAX_PAGE);
      const { items, next } = roles.page(StartKey, limit, isWanted);
      if (!isAll && StartKey === '' && items.length === 0) authorize(caller, 'role', 'list', 'read');
      return { Roles: items.map((role) => roleForClient(role, metadata)), NextKey: next };
    },
    createRole({ Role }, call) {
      const role = checkedRole(Role);
      authorizeFor(call.caller, { resource: role }, 'role', 'create');
      checkRoleFeatures(role);
      if (roles.has(nameOf(role))) throw alreadyExists(`role ${JSON.stringify(nameOf(role))} already exists`);
      const stored = put(role);
      emit('role.created', nameOf(stored), call);
      return stored;
    },
    updateRole({ Role }, call) {
      const role = checkedRole(Role);
      const before = roles.get(nameOf(role));
      if (before) authorizeFor(call.caller, { resource: before }, 'role', 'update');
      authorizeFor(call.caller, { resource: role }, 'role', 'update');
      checkRoleFeatures(role);
      if (!before || revisionOf(before) !== revisionOf(role)) throw revisionMismatch();
      const stored = put(role);
      emit('role.updated', nameOf(stored), call);
      return stored;
    },
    upsertRoleV2: ({ Role }, call) => upsert(Role, call),
    upsertRole(role, call) {
      upsert(role, call);
      return {};
    },
    deleteRole({ Name }, call) {
      authorizeFor(call.caller, { resource: roles.get(Name) }, 'role', 'delete');
      if (Name === 'admin') throw accessDenied('can not delete system role "admin"');
      const isHeld = state.users.values().some((user) => user.Spec?.Roles.includes(Name));
      if (isHeld) {
        throw unknownError(
          'failed to delete a role that is still in use by a user, check the system server logs for more details',
        );
      }
      if (Name === '') throw badParameter('missing role name');
      if (!roles.delete(Name)) throw notFound(`role ${JSON.stringify(Name)} is not found`);
      emit('role.deleted', Name, call);
      return {};
    },
  });
}

// The real process ends on a request without its main message; that is one fault that is not repeated here.
function checkedRole(role: RoleV6 | undefined): RoleV6 {
  if (!role) throw badParameter('missing role');
  const { PortForwarding, SSHPortForwarding } = role.Spec?.Options ?? {};
  if (PortForwarding && SSHPortForwarding) {
    throw badParameter("options define both 'port_forwarding' and 'ssh_port_forwarding', only one can be set");
  }
  return checkAndSetDefaults(role);
}

const mayDoTo = ({ systemRole, roles }: Caller, resource: RoleV6 | undefined, ...verbs: Verb[]): boolean =>
  systemRole === 'Admin' || roles.mayDo('role', verbs, { resource });

const mayDo = (caller: Caller, ...verbs: Verb[]): boolean => mayDoTo(caller, undefined, ...verbs);

const labelTexts = (role: RoleV6): string[] => [...(role.Metadata?.Labels ?? [])].flat();
