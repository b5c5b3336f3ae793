import { isTeleportError } from '@teleport-ts/api-types';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelValues } from '../resources.ts';
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

/** Making a role costs more than deciding by it. */
const made = new Map<string, RoleV6>();

function toRole(conditions: { allow: readonly string[]; deny: readonly string[] }): RoleV6 {
  const key = JSON.stringify(conditions);
  const { allow, deny } = conditions;
  const role =
    made.get(key) ??
    roleFrom({ name: 'r', allow: { impersonate: { roles: allow } }, deny: { impersonate: { roles: deny } } });
  made.set(key, role);
  return role;
}

const BY_NAME = new Map(names.map((name) => [name, roleFrom({ name })]));
const named = (list: readonly string[]): RoleV6[] => list.map((name) => BY_NAME.get(name) as RoleV6);

function isAllowed(held: readonly RoleV6[], roles: readonly string[]): boolean {
  try {
    checkRoleImpersonation('bot-ci', held, named(roles));
    return true;
  } catch (error) {
    if (!isTeleportError(error, 'access_denied')) throw error;
    return false;
  }
}

const user = (Name: string, traits: Record<string, readonly string[]> = {}): UserV2 =>
  UserV2.fromPartial({ Kind: 'user', Metadata: { Name }, Spec: { Traits: labelValues(traits) } });

describe('role impersonation', () => {
  it('decides as the rule says: no denial, and one single role that covers all', () => {
    let granted = 0;
    fc.assert(
      fc.property(fc.array(heldRole, { maxLength: 3 }), asked, (held, roles) => {
        const denied = held.some(({ deny }) => roles.some((name) => covered(deny).has(name)));
        const oneCoversAll = held.some(({ allow }) => roles.every((name) => covered(allow).has(name)));
        const expected = !denied && oneCoversAll;
        if (expected) granted++;
        expect(
          isAllowed(
            held.map((each) => toRole(each)),
            roles,
          ),
        ).toBe(expected);
      }),
      { numRuns: 1000 },
    );
    expect(granted).toBeGreaterThan(100);
  });

  it('names all roles that were asked for, not the ones at fault', () => {
    const held = [toRole({ allow: ['viewer'], deny: [] })];
    expect(() => checkRoleImpersonation('bot-ci', held, named(['viewer', 'admin']))).toThrow(
      'user "bot-ci" has requested role impersonation for ["viewer" "admin"]',
    );
  });

  it('follows conditions that name users neither to allow nor to deny', () => {
    const about = roleFrom({ name: 'r', allow: { impersonate: { users: ['alice'], roles: ['*'] } } });
    expect(isAllowed([about], ['viewer'])).toBe(false);
    const deny = roleFrom({ name: 'd', deny: { impersonate: { users: ['alice'], roles: ['*'] } } });
    expect(isAllowed([toRole({ allow: ['*'], deny: [] }), deny], ['viewer'])).toBe(true);
  });

  it('follows a clause for each role that is asked for', () => {
    const where = 'contains(user.spec.traits["team"], impersonate_role.metadata.labels["team"])';
    const held = [roleFrom({ name: 'r', allow: { impersonate: { roles: ['*'], where } } })];
    const ofTeam = (team: string) => roleFrom({ name: team, labels: { team } });
    const holder = user('bob', { team: ['red', 'green'] });
    const ask = (...teams: string[]) => checkRoleImpersonation('bob', held, teams.map(ofTeam), holder);
    ask('red', 'green');
    expect(() => ask('blue')).toThrow('role impersonation');
    expect(() => ask('red', 'blue')).toThrow('role impersonation');
    expect(() => checkRoleImpersonation('bob', held, named(['viewer']), holder)).toThrow('role impersonation');
  });

  it.each(['nosuch', 'equals(', 'has_prefix("a", "a")', 'equals(impersonate_user.metadata.name, "")'])(
    'grants nothing by %s, nor by the conditions behind it',
    (where) => {
      const wrong = roleFrom({ name: 'r', allow: { impersonate: { roles: ['*'], where } } });
      const right = toRole({ allow: ['*'], deny: [] });
      expect(isAllowed([wrong, right], ['viewer'])).toBe(false);
      expect(isAllowed([right, wrong], ['viewer'])).toBe(true);
    },
  );
});

describe('impersonation of a user', () => {
  const role = (users: string[], roles: string[], deny: { users?: string[]; roles?: string[] } = {}) =>
    roleFrom({ name: 'r', allow: { impersonate: { users, roles } }, deny: { impersonate: deny } });

  it('needs a role that names the user and all of its roles', () => {
    expect(mayImpersonateUser([role(['alice'], ['viewer', 'admin'])], user('alice'), named(['viewer']))).toBe(true);
    expect(mayImpersonateUser([role(['alice'], ['viewer'])], user('alice'), named(['viewer', 'admin']))).toBe(false);
    expect(mayImpersonateUser([role(['bob'], ['*'])], user('alice'), named(['viewer']))).toBe(false);
    expect(mayImpersonateUser([role([], ['*'])], user('alice'), named(['viewer']))).toBe(false);
  });

  it('follows a clause about the user and its roles', () => {
    const where = 'equals(impersonate_user.metadata.name, "bob") && equals(impersonate_role.metadata.name, "viewer")';
    const held = [roleFrom({ name: 'r', allow: { impersonate: { users: ['*'], roles: ['*'], where } } })];
    expect(mayImpersonateUser(held, user('bob'), named(['viewer']))).toBe(true);
    expect(mayImpersonateUser(held, user('bob'), named(['viewer', 'admin']))).toBe(false);
    expect(mayImpersonateUser(held, user('alice'), named(['viewer']))).toBe(false);
  });

  it('is denied by a role that names the user or one of its roles', () => {
    const held = [role(['*'], ['*'], { users: ['alice'], roles: ['admin'] })];
    expect(mayImpersonateUser(held, user('alice'), named(['viewer']))).toBe(false);
    expect(mayImpersonateUser(held, user('bob'), named(['admin']))).toBe(false);
    expect(mayImpersonateUser(held, user('bob'), named(['viewer']))).toBe(true);
  });
});
