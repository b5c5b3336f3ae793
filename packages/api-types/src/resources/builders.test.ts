import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockV2 } from '../gen/teleport/types/lock.ts';
import { RoleV6 } from '../gen/teleport/types/role.ts';
import { UserV2 } from '../gen/teleport/types/user.ts';
import { isTeleportError } from '../teleport-error.ts';
import { newApplication } from './application.ts';
import { authPreferenceView, newAuthPreference } from './auth-preference.ts';
import { newBot } from './bot.ts';
import { newDatabase } from './database.ts';
import { newKubernetesCluster } from './kubernetes-cluster.ts';
import { fromLabelValues, labelValues } from './labels.ts';
import { lockView, newLock } from './lock.ts';
import { newNode } from './node.ts';
import { newRole, type RoleFields, roleView } from './role.ts';
import { newToken, safeTokenName } from './token.ts';
import { newUser, userView } from './user.ts';

describe('a builder refuses what no cluster takes', () => {
  const label = { 'a key': 'x' };
  it.each<[string, () => unknown, string]>([
    ['no name', () => newRole({ name: '' }), 'missing parameter Name'],
    ['label', () => newUser({ name: 'x', labels: label }), 'invalid label key: "a key"'],
    ['origin', () => newRole({ name: 'x', labels: { 'teleport.dev/origin': 'me' } }), 'invalid origin value "me"'],
    ['logins', () => newRole({ name: 'x', allow: { logins: ['*'] } }), 'wildcard matcher is not allowed in logins'],
    [
      'selector',
      () => newRole({ name: 'x', allow: { nodeLabels: { '*': 'x' } } }),
      'selector *:<val> is not supported',
    ],
    [
      'rule',
      () => newRole({ name: 'x', deny: { rules: [{ resources: [], verbs: [] }] } }),
      "'deny' rule 0: missing res",
    ],
    ['impersonation', () => newRole({ name: 'x', allow: { impersonate: { users: ['a'] } } }), 'please set both'],
    ['kind', () => newRole({ name: 'x', allow: { kubernetesResources: [{ kind: 'pod', name: '*' }] } }), 'plural name'],
    [
      'enum',
      () => newRole({ name: 'x', options: { createHostUserMode: 'odd' as 'keep' } }),
      'createHostUserMode "odd"',
    ],
    ['token roles', () => newToken({ name: 'x' }), 'provisioning token is missing roles'],
    ['token role', () => newToken({ name: 'x', roles: ['Nobody'] }), 'role Nobody is not registered'],
    ['token bot', () => newToken({ name: 'x', roles: ['Bot'] }), 'token with role "Bot" must set bot_name'],
    ['method', () => newToken({ name: 'x', roles: ['Node'], joinMethod: 'odd' }), 'unknown join method "odd"'],
    ['lock', () => newLock({ target: {} }), 'at least one target field must be set'],
    ['bot', () => newBot({ name: 'x', roles: [''] }), 'spec.roles: must not contain empty strings'],
    ['application', () => newApplication({ name: 'x' }), 'app "x" URI is empty'],
    ['cloud', () => newApplication({ name: 'x', cloud: 'Mist' }), 'unexpected Cloud value "Mist"'],
    ['database', () => newDatabase({ name: 'x', protocol: 'postgres' }), 'database "x" URI is empty'],
    ['database name', () => newDatabase({ name: '1', protocol: 'p', uri: 'u' }), 'invalid database name'],
    ['cluster name', () => newKubernetesCluster({ name: 'a b' }), 'invalid kubernetes cluster name'],
    ['node', () => newNode({ name: 'x', subKind: 'odd' }), 'invalid SubKind "odd" of Kind "node"'],
    [
      'address',
      () => newNode({ name: 'x', subKind: 'openssh', hostname: 'h', address: 'h' }),
      'missing port in address',
    ],
    ['factor', () => newAuthPreference({ secondFactors: ['webauthn'] }), 'missing required webauthn configuration'],
    ['sso', () => newAuthPreference({ secondFactors: ['sso'] }), 'missing a local second factor method'],
    ['locking', () => newAuthPreference({ lockingMode: 'odd' }), 'locking mode "odd" not supported'],
    ['connector', () => newAuthPreference({ connectorName: 'passwordless' }), 'passwordless not allowed'],
  ])('%s', (_, make, text) => {
    let error: unknown;
    try {
      make();
    } catch (thrown) {
      error = thrown;
    }
    expect(isTeleportError(error, 'bad_parameter')).toBe(true);
    expect((error as Error).message).toContain(text);
  });
});

describe('a builder fills in', () => {
  it('what the version of a role means', () => {
    const v3 = roleView(newRole({ name: 'x', version: 'v3', allow: { logins: ['root'] } }));
    expect(v3.allow).toMatchObject({ nodeLabels: { '*': ['*'] }, kubernetesResources: [{ kind: 'pod', name: '*' }] });
    const v8 = roleView(newRole({ name: 'x', allow: { logins: ['root'], kubernetesLabels: { '*': '*' } } }));
    expect(v8).toMatchObject({ version: 'v8', options: { maxSessionTtlMs: 30 * 3_600_000 } });
    expect(v8.allow).toMatchObject({
      nodeLabels: {},
      kubernetesResources: [{ kind: '*', apiGroup: '*', verbs: ['*'] }],
    });
  });
  it('a name for a lock, webauthn’s consequences, the cloud of a console', () => {
    expect(lockView(newLock({ target: { user: 'x' } })).name).toMatch(/^[0-9a-f-]{36}$/);
    const preference = authPreferenceView(
      newAuthPreference({ secondFactors: ['webauthn', 'otp'], webauthnRpId: 'a.test' }),
    );
    expect(preference).toMatchObject({ allowPasswordless: true, allowHeadless: true, webauthnRpId: 'a.test' });
    expect(newApplication({ name: 'x', uri: 'https://console.aws.amazon.com/a' }).Spec?.Cloud).toBe('AWS');
    expect(safeTokenName({ name: 'abcdefgh', joinMethod: 'token' })).toBe('********');
    expect(safeTokenName({ name: 'abcdefgh'.repeat(2), joinMethod: 'token' })).toBe('************efgh');
    expect(safeTokenName({ name: 'abcdefgh', joinMethod: 'iam' })).toBe('abcdefgh');
  });
});

describe('a change keeps what it does not speak of', () => {
  it('fields of a newer cluster, sub-milliseconds, unknown values', () => {
    const raw = RoleV6.fromPartial({ ...newRole({ name: 'x', allow: { logins: ['a'] } }), SubKind: 'odd' });
    raw._unknownFields = { 794: [Buffer.from([1, 7])] };
    if (raw.Spec?.Options) raw.Spec.Options.RequireMFAType = 99 as 1;
    const view = roleView(raw);
    expect(view.options.requireSessionMfa).toBe('unknown:99');
    const changed = newRole({ ...view, allow: { ...view.allow, logins: ['b'] } });
    expect(changed).toMatchObject({ SubKind: 'odd', _unknownFields: raw._unknownFields });
    expect(changed.Spec?.Options?.RequireMFAType).toBe(99);
    expect(changed.Spec?.Allow?.Logins).toEqual(['b']);
    expect(changed.Spec?.Deny).toEqual(raw.Spec?.Deny);
    const expires = { seconds: 4_000_000_000n, nanos: 123_456_789 };
    const user = UserV2.fromPartial({ ...newUser({ name: 'x' }), Metadata: { Name: 'x', Expires: expires } });
    expect(newUser({ ...userView(user), roles: ['a'] }).Metadata?.Expires).toMatchObject(expires);
    expect(newUser({ ...userView(user), expires: undefined }).Metadata?.Expires).toBeUndefined();
    const lock = LockV2.fromPartial({ ...newLock({ target: { user: 'x' } }) });
    expect(newLock({ ...lockView(lock), target: { role: 'r' } }).Spec?.Target).toMatchObject({ User: '', Role: 'r' });
  });

  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '-') }), { maxLength: 3 });
  const selector = fc.dictionary(fc.constantFrom('env', 'team', '__proto__'), texts, { maxKeys: 3 });
  const conditions = fc.record(
    {
      logins: texts,
      nodeLabels: selector,
      appLabelsExpression: fc.constantFrom('', 'labels.env == "x"'),
      rules: fc.array(fc.record({ resources: fc.constant(['role']), verbs: fc.constant(['read']) }), { maxLength: 2 }),
      impersonate: fc.record({ roles: texts }, { requiredKeys: [] }),
      request: fc.record({ roles: texts, maxDurationMs: fc.nat(), annotations: selector }, { requiredKeys: [] }),
      reviewRequests: fc.record({ roles: texts, where: fc.constantFrom('', 'x') }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  );
  it('any role comes back from its view', () => {
    const fields = fc.record(
      { name: fc.constant('x'), allow: conditions, deny: conditions },
      { requiredKeys: ['name'] },
    );
    fc.assert(
      fc.property(fields, (given) => {
        const message = newRole(given as RoleFields);
        expect(newRole({ ...roleView(message) })).toEqual(message);
        expect(roleView(message).allow.logins).toEqual(given.allow?.logins ?? []);
      }),
      { numRuns: 100 },
    );
  });
  it('labels come back', () => {
    fc.assert(
      fc.property(selector, (labels) => {
        expect(fromLabelValues(labelValues(labels))).toEqual({ ...labels });
      }),
    );
  });
});
