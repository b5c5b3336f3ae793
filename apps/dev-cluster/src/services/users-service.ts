import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound, revisionMismatch } from '../errors.ts';
import { matchesSearch } from '../predicate/resource-expression.ts';
import { nameOf, revisionOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { newUser } from '../state/users.ts';
import { remoteUser } from '../trust/remote-user.ts';

const DEFAULT_PAGE = 1000;

export function usersService({ state }: ClusterContext): Service {
  const { users } = state;
  const get = (name: string): UserV2 => {
    const user = users.get(name);
    if (!user) throw notFound(`"user" ${JSON.stringify(name)} does not exist`);
    return user;
  };
  const put = (user: UserV2): UserV2 => {
    const stored = stamped(user);
    users.put(nameOf(stored), stored);
    return stored;
  };
  /** Whoever writes a user cannot give it roles that are not there. */
  const checked = (user: UserV2 | undefined, createdBy: string): UserV2 => {
    if (!user) throw badParameter('missing user');
    if (nameOf(user) === '') throw badParameter('missing parameter Name');
    for (const role of user.Spec?.Roles ?? []) {
      if (!state.roles.has(role)) throw notFound(`role ${role} is not found`);
    }
    const defaults = newUser(state, { name: nameOf(user), roles: [], createdBy });
    const [spec, given] = [defaults.Spec, user.Spec];
    return {
      ...user,
      Kind: 'user',
      Version: user.Version || 'v2',
      Spec: spec && {
        ...(given ?? spec),
        Traits: given?.Traits ?? spec.Traits,
        Status: given?.Status ?? spec.Status,
        Expires: given?.Expires ?? spec.Expires,
        CreatedBy: given?.CreatedBy ?? spec.CreatedBy,
        LocalAuth: undefined,
      },
      Status: user.Status ?? defaults.Status,
    };
  };
  return service(UsersServiceDefinition, {
    getUser({ name, currentUser, withSecrets }, { caller }) {
      if (currentUser) {
        if (!caller.identity) throw notFound('"user" "" does not exist');
        return { user: caller.isRemote ? remoteUser(caller.identity) : get(caller.user) };
      }
      if (withSecrets) throw badParameter('this cluster keeps no secrets of users');
      if (name !== caller.user || !caller.identity) authorize(caller, 'user', 'read');
      return { user: get(name) };
    },
    listUsers({ pageSize, pageToken, filter }, { caller }) {
      authorize(caller, 'user', 'list', 'read');
      const words = filter?.SearchKeywords ?? [];
      const isWanted = (user: UserV2): boolean => matchesSearch([nameOf(user), ...(user.Spec?.Roles ?? [])], words);
      const limit = pageSize > 0 ? Math.min(pageSize, DEFAULT_PAGE) : DEFAULT_PAGE;
      const { items, next } = users.page(pageToken, limit, isWanted);
      return { users: items, nextPageToken: next };
    },
    createUser({ user }, { caller }) {
      authorize(caller, 'user', 'create');
      const made = checked(user, caller.user);
      if (users.has(nameOf(made))) throw alreadyExists(`user ${JSON.stringify(nameOf(made))} already registered`);
      return { user: put(made) };
    },
    updateUser({ user }, { caller }) {
      authorize(caller, 'user', 'update');
      const made = checked(user, caller.user);
      const stored = get(nameOf(made));
      if (revisionOf(made) !== '' && revisionOf(made) !== revisionOf(stored)) throw revisionMismatch();
      return { user: put(made) };
    },
    upsertUser({ user }, { caller }) {
      authorize(caller, 'user', 'create', 'update');
      return { user: put(checked(user, caller.user)) };
    },
    deleteUser({ name }, { caller }) {
      authorize(caller, 'user', 'delete');
      get(name);
      users.delete(name);
      return {};
    },
  });
}
