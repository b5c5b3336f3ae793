import { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { describe, expect, it } from 'vitest';
import { labelValues, metadataOf } from '../resources.ts';
import { type RoleFields, roleFrom } from '../state/role-fields.ts';
import { matchesLabels } from './labels.ts';
import { matchesPattern } from './patterns.ts';
import { RoleSet } from './role-set.ts';

const setOf = (roles: readonly Omit<RoleFields, 'name'>[], traits = {}): RoleSet =>
  new RoleSet(
    roles.map((role, i) => roleFrom({ name: `role-${i}`, ...role })),
    traits,
  );

const app = (labels: Record<string, string>): AppV3 =>
  AppV3.create({ Metadata: metadataOf({ name: 'foo', labels }), Spec: { PublicAddr: 'foo.localhost' } });

describe('rules', () => {
  const all = { allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } };

  it('lets everybody list what the implicit role lists, and no more', () => {
    const set = setOf([{}]);
    set.checkRules('app_server', ['list', 'read']);
    set.checkRules('cert_authority', ['readnosecrets']);
    expect(() => set.checkRules('cert_authority', ['read'])).toThrow(
      'access denied to perform action "read" on "cert_authority"',
    );
    expect(() => set.checkRules('token', ['list', 'read'])).toThrow(
      'access denied to perform action "list" on "token", access denied to perform action "read" on "token"',
    );
  });

  it('grants what a rule of any role names, wildcards included', () => {
    const set = setOf([{}, { allow: { rules: [{ resources: ['role'], verbs: ['read'] }] } }]);
    expect(set.mayDo('role', ['read', 'readnosecrets'])).toBe(true);
    expect(set.mayDo('role', ['list'])).toBe(false);
    expect(setOf([all]).mayDo('anything', ['delete'])).toBe(true);
  });

  it('denies first', () => {
    const set = setOf([all, { deny: { rules: [{ resources: ['role'], verbs: ['delete'] }] } }]);
    expect(set.mayDo('role', ['read'])).toBe(true);
    expect(set.mayDo('role', ['delete'])).toBe(false);
  });
});

describe('labels', () => {
  it.each([
    [{}, { env: 'dev' }, false],
    [{ '*': '*' }, {}, true],
    [{ env: 'dev' }, { env: 'dev', team: 'a' }, true],
    [{ env: 'dev' }, { env: 'prod' }, false],
    [{ env: ['dev', 'test'] }, { env: 'test' }, true],
    [{ env: '*' }, { env: 'anything' }, true],
    [{ env: '*' }, { team: 'a' }, false],
    [{ env: 'dev-*' }, { env: 'dev-1' }, true],
    [{ env: '^dev-[0-9]$' }, { env: 'dev-1' }, true],
    [{ env: '^dev-[0-9]$' }, { env: 'dev-x' }, false],
    [{ env: 'dev', team: 'a' }, { env: 'dev' }, false],
  ])('%j against %j is %s', (selector, labels, expected) => {
    expect(matchesLabels(labelValues(selector), labels as Record<string, string>)).toBe(expected);
  });

  it('reads a glob literally around its stars', () => {
    expect(matchesPattern('a.*', 'a.b')).toBe(true);
    expect(matchesPattern('a.*', 'axb')).toBe(false);
    expect(matchesPattern('^(', '^(')).toBe(true);
    expect(matchesPattern('^([$', 'x')).toBe(false);
  });
});

describe('applications', () => {
  it('are allowed by some role and denied by none', () => {
    const set = setOf([{ allow: { appLabels: { env: 'dev' } } }, { deny: { appLabels: { secret: '*' } } }]);
    expect(set.mayUseApp(app({ env: 'dev' }))).toBe(true);
    expect(set.mayUseApp(app({ env: 'prod' }))).toBe(false);
    expect(set.mayUseApp(app({ env: 'dev', secret: 'x' }))).toBe(false);
  });

  it('may be named by traits', () => {
    const role = { allow: { appLabels: { team: '{{external.teams}}' } } };
    expect(setOf([role], { teams: ['a', 'b'] }).mayUseApp(app({ team: 'b' }))).toBe(true);
    expect(setOf([role], { teams: ['a', 'b'] }).mayUseApp(app({ team: 'c' }))).toBe(false);
    expect(setOf([role]).mayUseApp(app({ team: 'a' }))).toBe(false);
  });
});

describe('label expressions', () => {
  it('must match beside the labels to allow, and deny alone', () => {
    const both = setOf([{ allow: { appLabels: { env: 'dev' }, appLabelsExpression: 'labels.team == "a"' } }]);
    expect(both.mayUseApp(app({ env: 'dev', team: 'a' }))).toBe(true);
    expect(both.mayUseApp(app({ env: 'dev' }))).toBe(false);
    expect(both.mayUseApp(app({ team: 'a' }))).toBe(false);
    const denied = setOf([
      { allow: { appLabels: { '*': '*' } }, deny: { appLabelsExpression: 'labels.env == "prod"' } },
    ]);
    expect(denied.mayUseApp(app({ env: 'dev' }))).toBe(true);
    expect(denied.mayUseApp(app({ env: 'prod' }))).toBe(false);
  });

  it('that fail grant nothing, and deny everything', () => {
    expect(setOf([{ allow: { appLabelsExpression: 'nope' } }]).mayUseApp(app({}))).toBe(false);
    const broken = setOf([{ allow: { appLabels: { '*': '*' } }, deny: { appLabelsExpression: '"' } }]);
    expect(broken.mayUseApp(app({}))).toBe(false);
  });
});

describe('logins and limits', () => {
  it('collects logins over all roles, fills in traits, and takes denied ones away', () => {
    const set = setOf(
      [
        { allow: { logins: ['root', 'u-{{internal.logins}}'] } },
        { allow: { logins: ['x'] }, deny: { logins: ['root'] } },
      ],
      { logins: ['a', ''] },
    );
    expect(set.allowed('Logins')).toEqual(['u-a', 'x']);
  });

  it('takes the smallest session limit, 30 hours where none is set', () => {
    expect(setOf([{ maxSessionTtlMs: 36_000_000 }, { maxSessionTtlMs: 600_000 }]).maxSessionTtlMs()).toBe(600_000);
    expect(setOf([{}]).maxSessionTtlMs()).toBe(30 * 3_600_000);
  });
});
