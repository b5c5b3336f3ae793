import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Admission, admit, type CredentialRequest, type SocketPolicy } from './admit.ts';

const MINUTE = 60_000;
const policy = (more: Partial<SocketPolicy> = {}): SocketPolicy => ({
  roles: ['reader', 'writer'],
  kinds: ['application'],
  names: {},
  ttl: { defaultMs: 60 * MINUTE, maxMs: 10 * MINUTE, maxName: 'max_ttl of the socket', minMs: MINUTE },
  ...more,
});
const request = (more: Partial<CredentialRequest> = {}): CredentialRequest => ({
  kind: 'application',
  name: 'grafana',
  roles: [],
  cluster: '',
  ...more,
});

function admitted(admission: Admission) {
  if (!admission.admitted) throw new Error(admission.refusal.message);
  return admission.request;
}
function refused(admission: Admission) {
  if (admission.admitted) throw new Error('was admitted');
  return admission.refusal;
}

describe('roles', () => {
  test('none asked are the socket’s', () => {
    expect(admitted(admit(policy(), request(), 'root')).roles).toEqual(['reader', 'writer']);
  });

  test('a socket without roles leaves them to the bot', () => {
    expect(admitted(admit(policy({ roles: [] }), request(), 'root')).roles).toBeUndefined();
    expect(admitted(admit(policy({ roles: [] }), request({ roles: ['any'] }), 'root')).roles).toEqual(['any']);
  });

  test('a refusal names the offending ones, and only those', () => {
    const refusal = refused(admit(policy(), request({ roles: ['reader', 'admin', 'root'] }), 'root'));
    expect(refusal).toMatchObject({
      code: 'access_denied',
      message: 'this socket does not allow the roles "admin", "root"',
      hint: 'it allows: reader, writer',
      offendingRoles: ['admin', 'root'],
    });
  });

  test('a pattern is not a role', () => {
    expect(refused(admit(policy(), request({ roles: ['*'] }), 'root')).offendingRoles).toEqual(['*']);
  });
});

describe('names, kinds and clusters', () => {
  test('a name outside the patterns is refused', () => {
    const limited = policy({ names: { application: ['ci-*'] } });
    expect(admitted(admit(limited, request({ name: 'ci-runner' }), 'root')).name).toBe('ci-runner');
    expect(refused(admit(limited, request({ name: 'grafana' }), 'root'))).toMatchObject({
      code: 'access_denied',
      message: 'this socket does not serve the application "grafana"',
    });
  });

  test.each(['', 'a\u0000b', 'a\nb', 'x'.repeat(254), 'a\ud800'])('%j is no name', (name) => {
    expect(refused(admit(policy(), request({ name }), 'root')).code).toBe('bad_parameter');
  });

  test('quotes and operators are letters of a name like others', () => {
    const name = 'x" || name != "';
    expect(admitted(admit(policy(), request({ name }), 'root')).name).toBe(name);
  });

  test('a kind that the socket does not list is refused', () => {
    expect(refused(admit(policy({ kinds: [] }), request(), 'root')).code).toBe('access_denied');
  });

  test('no cluster is the bot’s own, which `clusters` may leave out too', () => {
    expect(admitted(admit(policy(), request(), 'root')).cluster).toBe('root');
    expect(refused(admit(policy({ clusters: ['leaf'] }), request(), 'root'))).toMatchObject({
      code: 'access_denied',
      message: 'this socket does not serve the cluster "root"',
    });
    expect(admitted(admit(policy({ clusters: ['leaf'] }), request({ cluster: 'leaf' }), 'root')).cluster).toBe('leaf');
  });
});

describe('ttl', () => {
  const ttlOf = (ttlMs?: number, more: Partial<SocketPolicy> = {}) =>
    admitted(admit(policy(more), request(ttlMs === undefined ? {} : { ttlMs }), 'root')).ttl;

  test('none asked is the smaller of the agent’s and the socket’s, and nothing is cut', () => {
    expect(ttlOf()).toEqual({ askedMs: 10 * MINUTE, effectiveMs: 10 * MINUTE });
    const wide = {
      ttl: { defaultMs: 60 * MINUTE, maxMs: 600 * MINUTE, maxName: 'max_ttl of the socket', minMs: MINUTE },
    };
    expect(ttlOf(undefined, wide)).toEqual({ askedMs: 60 * MINUTE, effectiveMs: 60 * MINUTE });
  });

  test('above the cap is cut, and says by what', () => {
    expect(ttlOf(11 * MINUTE)).toEqual({
      askedMs: 11 * MINUTE,
      effectiveMs: 10 * MINUTE,
      cutBy: 'max_ttl of the socket',
    });
    expect(ttlOf(10 * MINUTE)).toEqual({ askedMs: 10 * MINUTE, effectiveMs: 10 * MINUTE });
  });

  test.each([
    [0, 'the ttl must be positive, it is 0s'],
    [-1000, 'the ttl must be positive, it is -1s'],
    [59_000, 'the ttl 59s is below the minimum of 1m0s'],
    [Number.NaN, 'the ttl is not a duration'],
    [Number.POSITIVE_INFINITY, 'the ttl is not a duration'],
  ])('%s ms is refused', (ttlMs, message) => {
    expect(refused(admit(policy(), request({ ttlMs }), 'root'))).toMatchObject({ code: 'bad_parameter', message });
  });
});

test('what is admitted lies within the policy, and what lies within is admitted', () => {
  const names = ['a', 'b', 'ci-a', 'ci-b', '', '*', 'ci-*', '" || "'];
  const name = fc.constantFrom(...names);
  const roles = fc.array(fc.constantFrom('r1', 'r2', 'r3', '*', ''), { maxLength: 4 });
  const cluster = fc.constantFrom('', 'root', 'leaf', 'other');
  const policies = fc.record({
    roles: fc.array(fc.constantFrom('r1', 'r2', 'r3'), { maxLength: 3 }),
    kinds: fc.constantFrom<SocketPolicy['kinds']>(['application'], []),
    application: fc.option(fc.array(fc.constantFrom('a', 'b', 'ci-*', 'c*b'), { minLength: 1, maxLength: 3 }), {
      nil: undefined,
    }),
    clusters: fc.option(fc.array(fc.constantFrom('root', 'leaf'), { minLength: 1 }), { nil: undefined }),
    maxMs: fc.integer({ min: MINUTE, max: 100 * MINUTE }),
    defaultMs: fc.integer({ min: MINUTE, max: 100 * MINUTE }),
  });
  const wishes = fc.record({
    name,
    roles,
    cluster,
    ttlMs: fc.option(fc.integer({ min: -MINUTE, max: 200 * MINUTE }), { nil: undefined }),
  });
  const fitsName = (pattern: string, text: string): boolean =>
    pattern === text ||
    (pattern === 'ci-*' && text.startsWith('ci-')) ||
    (pattern === 'c*b' && text.length > 1 && text.startsWith('c') && text.endsWith('b'));

  let seen = 0;
  fc.assert(
    fc.property(policies, wishes, ({ application, clusters, maxMs, defaultMs, ...plain }, { ttlMs, ...wish }) => {
      const subject: SocketPolicy = {
        ...plain,
        names: application ? { application } : {},
        ...(clusters && { clusters }),
        ttl: { defaultMs, maxMs, maxName: 'cap', minMs: MINUTE },
      };
      const result = admit(
        subject,
        { kind: 'application', ...wish, ...(ttlMs === undefined ? {} : { ttlMs }) },
        'root',
      );
      const meant = wish.cluster === '' ? 'root' : wish.cluster;
      const allowed =
        wish.name !== '' &&
        !wish.roles.includes('') &&
        plain.kinds.length > 0 &&
        (application === undefined || application.some((pattern) => fitsName(pattern, wish.name))) &&
        (clusters === undefined || (clusters as string[]).includes(meant)) &&
        (plain.roles.length === 0 || wish.roles.every((role) => (plain.roles as string[]).includes(role))) &&
        (ttlMs === undefined || ttlMs >= MINUTE);
      expect(result.admitted).toBe(allowed);
      if (!result.admitted) return;
      seen += 1;
      const { roles: granted = [], ttl } = result.request;
      expect(result.request).toMatchObject({ name: wish.name, cluster: meant });
      expect(new Set(granted)).toEqual(new Set(wish.roles.length > 0 ? wish.roles : plain.roles));
      expect(ttl.effectiveMs).toBe(Math.min(ttlMs ?? defaultMs, maxMs));
      expect(ttl.cutBy).toBe(ttlMs !== undefined && ttlMs > maxMs ? 'cap' : undefined);
    }),
    { numRuns: process.env.SOAK ? 50_000 : 3000 },
  );
  expect(seen).toBeGreaterThan(100);
});
