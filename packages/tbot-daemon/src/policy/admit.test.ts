import { describe, expect, test } from 'vitest';
import { type Admission, admit, type CredentialRequest, refusalByName, type SocketPolicy } from './admit.ts';

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
    expect(refused(admit(policy({ kinds: ['database'] }), request(), 'root'))).toMatchObject({
      code: 'access_denied',
      message: 'this socket does not serve application credentials',
      hint: 'it serves: database',
    });
  });

  test('patterns are for their own kind', () => {
    const kinds = ['application', 'database', 'kubernetes'] as const;
    const limited = policy({ kinds, names: { database: ['orders'], kubernetes: ['*-test'] } });
    expect(admitted(admit(limited, request({ name: 'any' }), 'root')).name).toBe('any');
    expect(admitted(admit(limited, request({ kind: 'database', name: 'orders' }), 'root')).kind).toBe('database');
    expect(refused(admit(limited, request({ kind: 'kubernetes', name: 'orders' }), 'root'))).toMatchObject({
      message: 'this socket does not serve the Kubernetes cluster "orders"',
      hint: 'it serves: *-test',
    });
    expect(refusalByName(limited, 'database', 'orders-rds-eu-1')).toMatchObject({ code: 'access_denied' });
    expect(refusalByName(limited, 'application', 'orders-rds-eu-1')).toBeUndefined();
  });

  test('an identity leads to nothing, so it has no name', () => {
    const any = policy({ kinds: ['identity'] });
    expect(admitted(admit(any, request({ kind: 'identity', name: '' }), 'root'))).toMatchObject({ confined: false });
    expect(refused(admit(any, request({ kind: 'identity', name: 'x' }), 'root')).code).toBe('bad_parameter');
  });

  test('an account belongs to a database, and may be long', () => {
    const any = policy({ kinds: ['application', 'database'] });
    const orders = { kind: 'database', name: 'orders', username: `arn:${'x'.repeat(900)}`, database: 'eu' } as const;
    expect(admitted(admit(any, request(orders), 'root'))).toMatchObject(orders);
    expect(refused(admit(any, request({ username: 'reader' }), 'root')).code).toBe('bad_parameter');
    expect(refused(admit(any, request({ ...orders, username: 'a\u0000' }), 'root')).code).toBe('bad_parameter');
    expect(refused(admit(any, request({ ...orders, database: 'a\nb' }), 'root')).code).toBe('bad_parameter');
  });

  test('what a socket without identities serves is good for its kind alone', () => {
    expect(admitted(admit(policy(), request(), 'root')).confined).toBe(true);
    const all = policy({ kinds: ['application', 'identity'] });
    expect(admitted(admit(all, request(), 'root')).confined).toBe(false);
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
