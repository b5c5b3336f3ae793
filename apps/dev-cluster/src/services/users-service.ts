import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { authorizeKind } from '../access/authorize-kind.ts';
import type { Caller } from '../access/caller.ts';
import { actorOf } from '../audit/actor.ts';
import { aboutResource, doneBy, emitUserWritten } from '../audit/resource-events.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, alreadyExists, badParameter, notFound, revisionMismatch } from '../errors.ts';
import { matchesSearch } from '../predicate/resource-expression.ts';
import { nameOf, revisionOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { checkedUser } from '../state/checked-user.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import { remoteUser } from '../trust/remote-user.ts';

const MAX_PAGE = 1000;

export function usersService({ state, clock, audit }: ClusterContext): Service {
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
  const checked = (given: UserV2 | undefined): UserV2 => {
    const user = checkedUser(given);
    const missing = user.Spec?.Roles.find((role) => !state.roles.has(role));
    if (missing !== undefined) throw notFound(`role ${missing} is not found`);
    return user;
  };
  /** There are no secrets of users here, but that is not for everybody to know. */
  const mayReadSecrets = ({ user, systemRole }: Caller, what: string): void => {
    if (systemRole === 'Admin') return;
    const reason = `user ${JSON.stringify(user)} requested access to ${what} with secrets`;
    audit.emit('user.login (failed)', {
      User: {},
      Status: { Success: false, Error: reason, UserMessage: reason },
      Method: 'client.cert',
      Client: {},
      Connection: {},
    });
    throw accessDenied('this request can be only executed by an admin');
  };
  const currentUser = (caller: Caller): UserV2 => {
    if (!caller.identity) throw notFound('role Nop is not found');
    return caller.isRemote ? remoteUser(caller.identity) : get(caller.user);
  };
  return service(UsersServiceDefinition, {
    getUser({ name, currentUser: isCurrent, withSecrets }, { caller }) {
      if (isCurrent && name === '') return { user: currentUser(caller) };
      const isSelf = caller.identity !== undefined && name === caller.user;
      if (withSecrets) mayReadSecrets(caller, `user ${JSON.stringify(name)}`);
      else if (!isSelf && !caller.roles.mayDo('user', ['create'])) authorizeKind(caller, 'user', 'read');
      return { user: get(name) };
    },
    listUsers({ pageSize, pageToken, withSecrets, filter }, { caller }) {
      if (withSecrets) mayReadSecrets(caller, 'all users');
      else authorizeKind(caller, 'user', 'list', 'read');
      const words = filter?.SearchKeywords ?? [];
      const isWanted = (user: UserV2): boolean => matchesSearch([nameOf(user), ...(user.Spec?.Roles ?? [])], words);
      const limit = pageSize > 0 ? Math.min(pageSize, MAX_PAGE) : MAX_PAGE;
      const { items, next } = users.page(pageToken, limit, isWanted);
      // As the real one has it, the token leads past the one who would be next.
      return { users: items, nextPageToken: next && `${next}0` };
    },
    createUser({ user }, call) {
      authorizeKind(call.caller, 'user', 'create');
      const made = withCreator(checked(user), call.caller.user, toTimestamp(clock.now()));
      if (users.has(nameOf(made))) throw alreadyExists(`user ${JSON.stringify(nameOf(made))} already registered`);
      const stored = put({ ...made, Status: { passwordState: 1, mfaWeakestDevice: 1 } });
      emitUserWritten(audit, 'user.create', stored, actorOf(call));
      return { user: stored };
    },
    updateUser({ user }, call) {
      authorizeKind(call.caller, 'user', 'update');
      const made = checked(user);
      const before = users.get(nameOf(made));
      if (!before || revisionOf(made) !== revisionOf(before)) throw revisionMismatch();
      const Spec = made.Spec && { ...made.Spec, CreatedBy: before.Spec?.CreatedBy };
      const stored = put({ ...made, Spec, Status: withoutDevices(made) });
      emitUserWritten(audit, 'user.update', stored, actorOf(call));
      return { user: stored };
    },
    upsertUser({ user }, call) {
      authorizeKind(call.caller, 'user', 'create', 'update');
      const made = withCreator(checked(user), call.caller.user, zeroTime());
      const stored = put({ ...made, Status: withoutDevices(made) });
      emitUserWritten(audit, 'user.create', stored, actorOf(call));
      return { user: stored };
    },
    deleteUser({ name }, call) {
      authorizeKind(call.caller, 'user', 'delete');
      if (name === '') throw badParameter('missing user name');
      if (!users.delete(name)) throw notFound(`user ${JSON.stringify(name)} not found`);
      // The role that very old users had for themselves.
      state.roles.delete(`user:${name}`);
      audit.emit('user.delete', { ...doneBy(actorOf(call)), Resource: aboutResource(name) });
      return {};
    },
  });
}

/** No user has an MFA device, and the writer's word about that does not count; about the password it does. */
const withoutDevices = ({ Status }: UserV2): NonNullable<UserV2['Status']> => ({
  passwordState: Status?.passwordState ?? 0,
  mfaWeakestDevice: 1,
});

function withCreator(user: UserV2, name: string, at: ReturnType<typeof zeroTime>): UserV2 {
  const { Spec } = user;
  if (!Spec || Spec.CreatedBy?.User?.Name) return user;
  return { ...user, Spec: { ...Spec, CreatedBy: { Connector: undefined, Time: at, User: { Name: name } } } };
}
