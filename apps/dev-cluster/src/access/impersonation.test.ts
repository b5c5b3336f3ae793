import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roleFrom } from '../state/role-fields.ts';
import { checkRoleImpersonation, mayImpersonateUser } from './impersonation.ts';

const names = ['deployer', 'viewer', 'dev-1', 'dev-2', 'admin'];
const patterns = [...names, 'dev-*', '*', '^view.*$'];

/** What the patterns above mean, written down by hand. */
const MEANING: Readonly<Record<string, readonly string[]>> = {
  'dev-*': ['dev-1', 'dev-2'],
  '*': names,
  '^view.*$': ['viewer'],
};
const covered = (list: readonly string[]): Set<string> =>
  new Set(list.flatMap((pattern) => MEANING[pattern] ?? [pattern]));

const heldRole = fc.record({ allow: fc.subarray(patterns), deny: fc.subarray(patterns, { maxLength: 1 }) });
const asked = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });

const toRole = ({ allow, deny }: { allow: readonly string[]; deny: readonly string[] }, index: number) =>
  roleFrom({ name: `r${index}`, allow: { impersonate: { roles: allow } }, deny: { impersonate: { roles: deny } } });

function isAllowed(held: ReturnType<typeof toRole>[], roles: readonly string[]): boolean {
  try {
    checkRoleImpersonation('bot-ci', held, roles);
    return true;
  } catch (error) {
    if (!isTeleportError(error, 'access_denied')) throw error;
    return false;
  }
}

describe('role impersonation', () => {
  it('decides as the rule says: no denial, and one single role that covers all', () => {
    let granted = 0;
    fc.assert(
      fc.property(fc.array(heldRole, { maxLength: 3 }), asked, (held, roles) => {
        const denied = held.some(({ deny }) => roles.some((name) => covered(deny).has(name)));
        const oneCoversAll = held.some(({ allow }) => roles.every((name) => covered(allow).has(name)));
        const expected = !denied && oneCoversAll;
        if (expected) granted++;
        expect(isAllowed(held.map(toRole), roles)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
    expect(granted).toBeGreaterThan(100);
  });

  it('names all roles that were asked for, not the ones at fault', () => {
    const held = [toRole({ allow: ['viewer'], deny: [] }, 0)];
    expect(() => checkRoleImpersonation('bot-ci', held, ['viewer', 'admin'])).toThrow(
      'user "bot-ci" has requested role impersonation for ["viewer" "admin"]',
    );
  });

  it('does not follow a condition with a where clause', () => {
    const role = toRole({ allow: ['*'], deny: [] }, 0);
    const conditions = role.Spec?.Allow?.Impersonate;
    if (conditions) conditions.Where = 'contains(user.spec.traits["x"], "y")';
    expect(isAllowed([role], ['viewer'])).toBe(false);
  });
});

describe('impersonation of a user', () => {
  const role = (users: string[], roles: string[], deny: { users?: string[]; roles?: string[] } = {}) =>
    roleFrom({ name: 'r', allow: { impersonate: { users, roles } }, deny: { impersonate: deny } });

  it('needs a role that names the user and all of its roles', () => {
    expect(mayImpersonateUser([role(['alice'], ['viewer', 'admin'])], 'alice', ['viewer'])).toBe(true);
    expect(mayImpersonateUser([role(['alice'], ['viewer'])], 'alice', ['viewer', 'admin'])).toBe(false);
    expect(mayImpersonateUser([role(['bob'], ['*'])], 'alice', ['viewer'])).toBe(false);
    expect(mayImpersonateUser([role([], ['*'])], 'alice', ['viewer'])).toBe(false);
  });

  it('is denied by a role that names the user or one of its roles', () => {
    const held = [role(['*'], ['*'], { users: ['alice'], roles: ['admin'] })];
    expect(mayImpersonateUser(held, 'alice', ['viewer'])).toBe(false);
    expect(mayImpersonateUser(held, 'bob', ['admin'])).toBe(false);
    expect(mayImpersonateUser(held, 'bob', ['viewer'])).toBe(true);
  });
});
