import { isTeleportError } from '@teleport-ts/api-types';
import type { ImpersonateConditions, RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { accessDenied } from '../errors.ts';
import { nameOf } from '../resources.ts';
import { matchesAnyPattern } from './patterns.ts';
import { impersonationHolds } from './where-clause.ts';

type Conditions = ImpersonateConditions | undefined;

/** Conditions that name users are about users alone, those that name none about roles alone. */
const isAboutRoles = (conditions: Conditions): conditions is ImpersonateConditions =>
  conditions !== undefined && conditions.Users.length === 0 && conditions.Roles.length > 0;
const isAboutUsers = (conditions: Conditions): conditions is ImpersonateConditions =>
  conditions !== undefined && conditions.Users.length > 0 && conditions.Roles.length > 0;

/**
 * Whether the holder of `held` may ask for certificates with the roles `asked`: no role denies one of them, and one
 * single role allows all of them. `holder` is that holder, for what conditions say about it.
 *
 * @throws TeleportError `access_denied`, listing all roles that were asked for
 */
export function checkRoleImpersonation(
  user: string,
  held: readonly RoleV6[],
  asked: readonly RoleV6[],
  holder?: UserV2,
): void {
  const denied = held.some(({ Spec }) => {
    const conditions = Spec?.Deny?.Impersonate;
    return isAboutRoles(conditions) && asked.some((role) => matchesAnyPattern(conditions.Roles, nameOf(role)));
  });
  const allows = ({ Spec }: RoleV6): boolean => {
    const conditions = Spec?.Allow?.Impersonate;
    return isAboutRoles(conditions) && asked.every((role) => coversRole(conditions, { holder, role }));
  };
  if (denied || !noneFails(() => held.some(allows))) {
    const list = asked.map((role) => JSON.stringify(nameOf(role))).join(' ');
    throw accessDenied(`user ${JSON.stringify(user)} has requested role impersonation for [${list}]`);
  }
}

/** Whether the holder of `held` may ask for certificates of another user, who holds the roles `roles`. */
export function mayImpersonateUser(
  held: readonly RoleV6[],
  user: UserV2,
  roles: readonly RoleV6[],
  holder?: UserV2,
): boolean {
  const denied = held.some(({ Spec }) => {
    const conditions = Spec?.Deny?.Impersonate;
    if (!isAboutUsers(conditions)) return false;
    return (
      matchesAnyPattern(conditions.Users, nameOf(user)) ||
      roles.some((role) => matchesAnyPattern(conditions.Roles, nameOf(role)))
    );
  });
  const allows = ({ Spec }: RoleV6): boolean => {
    const conditions = Spec?.Allow?.Impersonate;
    return (
      isAboutUsers(conditions) &&
      matchesAnyPattern(conditions.Users, nameOf(user)) &&
      roles.every((role) => coversRole(conditions, { holder, user, role }))
    );
  };
  return !denied && noneFails(() => held.some(allows));
}

const coversRole = (conditions: ImpersonateConditions, asked: Parameters<typeof impersonationHolds>[1]): boolean =>
  matchesAnyPattern(conditions.Roles, nameOf(asked.role)) && impersonationHolds(conditions, asked);

/** A condition whose clause makes no sense grants nothing, and keeps those behind it from granting anything. */
function noneFails(decide: () => boolean): boolean {
  try {
    return decide();
  } catch (error) {
    if (isTeleportError(error)) return false;
    throw error;
  }
}
