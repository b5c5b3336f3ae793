import type { ImpersonateConditions, RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { accessDenied } from '../errors.ts';
import { matchesAnyPattern } from './patterns.ts';

// A `where` clause is not modelled: it never allows and always denies.
const allows = (conditions: ImpersonateConditions | undefined): conditions is ImpersonateConditions =>
  conditions !== undefined && conditions.Where === '';

/**
 * Whether the holder of `held` may ask for certificates with the roles `asked`: no role denies one of them, and one
 * single role allows all of them.
 *
 * @throws TeleportError `access_denied`, listing all roles that were asked for
 */
export function checkRoleImpersonation(user: string, held: readonly RoleV6[], asked: readonly string[]): void {
  const denied = held.some((role) => {
    const patterns = role.Spec?.Deny?.Impersonate?.Roles ?? [];
    return asked.some((name) => matchesAnyPattern(patterns, name));
  });
  const allowed = held.some((role) => {
    const conditions = role.Spec?.Allow?.Impersonate;
    return allows(conditions) && asked.every((name) => matchesAnyPattern(conditions.Roles, name));
  });
  if (denied || !allowed) {
    const list = asked.map((name) => JSON.stringify(name)).join(' ');
    throw accessDenied(`user ${JSON.stringify(user)} has requested role impersonation for [${list}]`);
  }
}

/**
 * Whether the holder of `held` may ask for certificates of another user, who holds the roles `roles`. Conditions that do
 * not name both users and roles are about role impersonation only.
 */
export function mayImpersonateUser(held: readonly RoleV6[], user: string, roles: readonly string[]): boolean {
  const namesBoth = ({ Users, Roles }: ImpersonateConditions): boolean => Users.length > 0 && Roles.length > 0;
  const denied = held.some((role) => {
    const conditions = role.Spec?.Deny?.Impersonate;
    if (!conditions || !namesBoth(conditions)) return false;
    return matchesAnyPattern(conditions.Users, user) || roles.some((name) => matchesAnyPattern(conditions.Roles, name));
  });
  const allowed = held.some((role) => {
    const conditions = role.Spec?.Allow?.Impersonate;
    return (
      allows(conditions) &&
      namesBoth(conditions) &&
      matchesAnyPattern(conditions.Users, user) &&
      roles.every((name) => matchesAnyPattern(conditions.Roles, name))
    );
  });
  return allowed && !denied;
}
