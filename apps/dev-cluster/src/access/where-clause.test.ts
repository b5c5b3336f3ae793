import { statusOf } from '@teleport-ts/api-types';
import { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { describe, expect, it } from 'vitest';
import { labelValues } from '../resources.ts';
import { roleFrom } from '../state/role-fields.ts';
import type { RuleContext } from './rule-context.ts';
import { checkRules } from './rules.ts';

// The answers of a Teleport 18.0.0; the comparison puts many more to a running one.

const user = UserV2.fromPartial({
  ...{ Kind: 'user', Version: 'v2', Metadata: { Name: 'dora', Labels: new Map([['team', 'red']]) } },
  Spec: { Roles: ['r'], Traits: labelValues({ team: ['red', 'green'] }) },
});

type Verdict = 'yes' | 'no' | { code: number; message: string };

function verdict(where: string, about: RuleContext = {}, side: 'allow' | 'deny' = 'allow'): Verdict {
  const rules = [{ resources: ['role'], verbs: ['read'], where }];
  const all = [{ resources: ['role'], verbs: ['read'] }];
  const held = roleFrom({
    name: 'r',
    allow: { rules: side === 'allow' ? rules : all },
    deny: side === 'deny' ? { rules } : {},
  });
  try {
    checkRules([held], 'role', ['read'], { user, ...about });
    return 'yes';
  } catch (error) {
    const { code, message } = statusOf(error);
    return code === 7 ? 'no' : { code, message };
  }
}

describe('a where clause', () => {
  it.each<[string, Verdict]>([
    ['contains(user.spec.traits["team"], "red")', 'yes'],
    ['contains(user.spec.traits["team"], "blue")', 'no'],
    ['contains(user.spec.traits["nosuch"], "red")', 'no'],
    ['equals(user.metadata.name, "dora")', 'yes'],
    ['equals(user.metadata.labels["team"], "red")', 'yes'],
    ['equals(user.spec.roles, user.spec.roles)', 'yes'],
    ['equals(1, 1)', 'no'],
    ['has_prefix(user.metadata.name, "do") && !equals(user.metadata.name, "bob")', 'yes'],
    ['all_end_with(user.spec.traits["team"], "e") || all_equal(user.metadata.name, "dora")', 'yes'],
    ['is_subset(user.spec.traits["team"], "red")', 'no'],
    ['is_subset(user.spec.traits["team"], "red", "green")', 'yes'],
    ['equals(resource.metadata.labels["a"], "")', 'yes'],
    ['contains(session.participants, "dora")', 'no'],
    ['equals(host_cert.role, "")', 'no'],
    ['true', { code: 5, message: 'true is not defined' }],
    ['equals(', { code: 2, message: "1:8: expected ')', found 'EOF'" }],
    ['equals("a")', { code: 3, message: 'reflect: Call with too few input arguments' }],
    ['equals("a", "a") || "b"', { code: 3, message: 'reflect: Call using string as type predicate.BoolPredicate' }],
    ['user.spec.nosuch.more', { code: 5, message: 'field name nosuch.more is not found' }],
    ['resource.metadata.labels.a', { code: 5, message: 'field name a is not found' }],
    ['user.metadata.name', { code: 3, message: 'invalid predicate type for where expression: user.metadata.name' }],
    ['"a" == "b"', { code: 3, message: '== is not supported' }],
    ['nosuch("a")', { code: 3, message: 'unsupported function: nosuch' }],
    ['user.spec.traits[1]', { code: 3, message: 'only string keys are supported' }],
    ['equals("a".b, "c")', { code: 3, message: 'unsupported selector type: *ast.BasicLit' }],
  ])('%s', (clause, expected) => {
    expect(verdict(clause)).toEqual(expected);
    const denied = expected === 'yes' ? 'no' : expected === 'no' ? 'yes' : expected;
    expect(verdict(clause, {}, 'deny')).toEqual(denied);
  });

  it('sees the resource that a call is about', () => {
    const about = (team: string) => ({ resource: roleFrom({ name: 'x', labels: { team } }) });
    const clause = 'contains(user.spec.traits["team"], resource.metadata.labels["team"])';
    expect(verdict(clause, about('red'))).toBe('yes');
    expect(verdict(clause, about('blue'))).toBe('no');
    expect(verdict(clause)).toBe('no');
    const logins = 'contains(resource.spec.allow.logins, "root") && equals(name, "x")';
    expect(verdict(logins, { resource: roleFrom({ name: 'x', allow: { logins: ['root'] } }) })).toBe('yes');
    const groups = 'contains(resource.spec.allow.kubernetes_groups, "g")';
    expect(verdict(groups, { resource: roleFrom({ name: 'x', allow: { kubernetesGroups: ['g'] } }) })).toBe('yes');
  });

  it('knows the type of an authority by a function alone', () => {
    const resource = CertAuthorityV2.fromPartial({ Kind: 'cert_authority', Spec: { Type: 'host' } });
    expect(verdict('equals(system.catype(), "host")', { resource })).toBe('yes');
    expect(verdict('equals(resource.spec.type, "host")', { resource })).toMatchObject({ code: 2 });
  });

  it('is looked at only where its rule is about the kind, but whatever its verbs are', () => {
    const wrong = (resources: string[], verbs: string[]) =>
      roleFrom({ name: 'w', allow: { rules: [{ resources, verbs, where: 'nosuch' }] } });
    const right = roleFrom({ name: 'r', allow: { rules: [{ resources: ['role'], verbs: ['read'] }] } });
    checkRules([wrong(['user'], ['read']), right], 'role', ['read']);
    expect(() => checkRules([wrong(['role'], ['list']), right], 'role', ['read'])).toThrow('nosuch is not defined');
    expect(() => checkRules([wrong(['*'], ['list']), right], 'role', ['read'])).toThrow('nosuch is not defined');
    checkRules([right, wrong(['role'], ['list'])], 'role', ['read']);
  });

  it('is told once for each verb, with the code that weighs most', () => {
    const held = roleFrom({ name: 'w', allow: { rules: [{ resources: ['role'], verbs: ['read'], where: 'nosuch' }] } });
    const deny = roleFrom({ name: 'd', deny: { rules: [{ resources: ['role'], verbs: ['list'] }] } });
    const refusal = (roles: (typeof held)[]) => {
      try {
        return checkRules(roles, 'role', ['list', 'read']);
      } catch (error) {
        return statusOf(error);
      }
    };
    expect(refusal([held])).toEqual({ code: 5, message: 'nosuch is not defined, nosuch is not defined' });
    expect(refusal([held, deny])).toEqual({
      code: 7,
      message: 'access denied to perform action "list" on "role", nosuch is not defined',
    });
  });

  it('counts as met where it is only asked whether there may be something', () => {
    const rules = [{ resources: ['bot'], verbs: ['read'], where: 'equals("a", "b")' }];
    const held = [roleFrom({ name: 'r', allow: { rules } })];
    checkRules(held, 'bot', ['read'], {}, 'guessed');
    expect(() => checkRules(held, 'bot', ['read'])).toThrow('access denied');
    checkRules([...held, roleFrom({ name: 'd', deny: { rules } })], 'bot', ['read'], {}, 'guessed');
  });
});
