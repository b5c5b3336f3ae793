import type { TlsIdentity, Traits } from '@teleport-ts/api-types';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { accessDenied, notFound } from '../errors.ts';
import { labelValues } from '../resources.ts';
import { authorityKey, type ClusterState } from '../state/cluster-state.ts';
import { localIdentity, remoteTraits, remoteUser, remoteUserName } from '../trust/remote-user.ts';
import { mapRoles } from '../trust/role-map.ts';
import type { Caller } from './caller.ts';
import { type LockSubject, lockOn } from './locks.ts';
import { RoleSet } from './role-set.ts';
import { ruleError, type Verb } from './rules.ts';

/** What a verified client certificate says, and whether the host authority issued it. */
export interface VerifiedPeer {
  readonly identity: TlsIdentity;
  readonly isHost: boolean;
  /** The cluster whose authority issued it. */
  readonly cluster: string;
}

const NOBODY = new RoleSet([]);

/**
 * Who a certificate speaks for at this moment: the user must still be there, its roles too, and nothing of it locked.
 * The reasons of a refusal are not told, a user or a role that is gone aside.
 *
 * @throws TeleportError `access_denied` or `not_found`, both with the text `access denied`
 */
export function authenticate(state: ClusterState, peer: VerifiedPeer | undefined, ip: string): Caller {
  if (!peer) return { user: '', roles: new NopRoles(), ip };
  const { identity, isHost, cluster } = peer;
  if (cluster !== state.name) return authenticateRemote(state, peer, ip);
  if (isHost) {
    const serverId = identity.user.split('.')[0] as string;
    const subjects = [serverId, identity.user].map((id) => ({ ...subjectOf(identity), serverId: id }));
    const locks = state.locks.values();
    if (subjects.some((subject) => lockOn(subject, locks, state.clock.now()))) throw accessDenied();
    return { user: identity.user, roles: NOBODY, identity, systemRole: identity.roles[0] as string, ip };
  }

  const { user, roles, traits } = identity;
  const stored = state.users.get(user);
  if (!stored) throw notFound(`access denied\n\t"user" ${JSON.stringify(user)} does not exist`);
  const lock = lockOn(subjectOf(identity), state.locks.values(), state.clock.now());
  if (lock) throw accessDenied();
  const holder = (): UserV2 => withGrants(stored, roles, traits);
  return { user, roles: rolesByName(state, roles, traits, holder), identity, ip };
}

/** Somebody of another cluster has the roles that this one's map says, and is nobody when it says none. */
function authenticateRemote(state: ClusterState, { identity, isHost, cluster }: VerifiedPeer, ip: string): Caller {
  const roleMap = state.foreignAuthorities.get(authorityKey('user', cluster))?.Spec?.RoleMap ?? [];
  const names = isHost ? [] : mapRoles(roleMap, identity.roles);
  if (names.length === 0) throw accessDenied();
  const user = remoteUserName(identity.user, cluster);
  const traits = remoteTraits(identity);
  const holder = (): UserV2 => remoteUser(local);
  const roles = rolesByName(state, names, traits, holder);
  const now = state.clock.now();
  const local = localIdentity(identity, { user, cluster: state.name, roles, traits }, now);
  const isLocked = [local, identity].some((each) => lockOn(subjectOf(each), state.locks.values(), now));
  if (isLocked) throw accessDenied();
  return { user, roles, identity: local, isRemote: true, ip };
}

/** A user with the roles and traits of its certificate, which may be others than it has by now. */
function withGrants(user: UserV2, roles: readonly string[], traits: Traits): UserV2 {
  return { ...user, Spec: user.Spec && { ...user.Spec, Roles: [...roles], Traits: labelValues(traits) } };
}

function rolesByName(state: ClusterState, names: readonly string[], traits: Traits, holder: () => UserV2): RoleSet {
  const held = names.map((name) => {
    const role = state.roles.get(name);
    if (!role) throw notFound(`access denied\n\trole ${name} is not found`);
    return role;
  });
  return new RoleSet(held, traits, holder);
}

/** What a lock may be aimed at, for the holder of a certificate. */
export function subjectOf(identity: TlsIdentity): LockSubject {
  return {
    user: identity.user,
    roles: identity.roles,
    mfaDevice: identity.mfaVerified,
    device: identity.device?.id,
    accessRequests: identity.activeRequests,
  };
}

/** Without a certificate not even the rules hold that every user has. */
class NopRoles extends RoleSet {
  constructor() {
    super([]);
  }

  override checkRules(kind: string, verbs: readonly Verb[]): never {
    throw ruleError(kind, verbs);
  }
}
