import type { Traits } from '@teleport-ts/api-types';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { notFound } from '../errors.ts';
import { fromLabelValues } from '../resources.ts';
import { BOT_LABEL } from '../state/bots.ts';
import type { ClusterState } from '../state/cluster-state.ts';

/** Somebody as the cluster knows them, whatever their certificate says: requests are judged by these roles. */
export interface StoredUser {
  readonly name: string;
  readonly roles: readonly string[];
  readonly traits: Traits;
  readonly isBot: boolean;
}

/** @throws TeleportError `not_found` */
export function storedUser(state: ClusterState, name: string): StoredUser {
  const user = state.users.get(name);
  if (!user) throw notFound(`"user" ${JSON.stringify(name)} does not exist`);
  return {
    name,
    roles: user.Spec?.Roles ?? [],
    traits: fromLabelValues(user.Spec?.Traits),
    isBot: user.Metadata?.Labels.has(BOT_LABEL) ?? false,
  };
}

/** @throws TeleportError `not_found` for a role that there is not */
export function storedRoles(state: ClusterState, names: readonly string[]): RoleV6[] {
  return names.map((name) => {
    const role = state.roles.get(name);
    if (!role) throw notFound(`role ${name} is not found`);
    return role;
  });
}
