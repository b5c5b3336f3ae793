import { readFileSync } from 'node:fs';
import type { TlsIdentity } from '@teleport-ts/api-types';
import { Identity, type IdentityRoute } from '@teleport-ts/tbot-core';
import { describe, expect, test } from 'vitest';
import type { AdmittedRequest } from '../policy/admit.ts';
import { checkAnswer } from './answer-check.ts';

const certificate = readFileSync(new URL('../../testdata/teleport-18/application.crt', import.meta.url), 'utf8');
const recorded = Identity.create({ tlsCertificate: certificate, authorities: [] });
const { roles } = recorded;
const issuedAtMs = recorded.expires.getTime() - 3_600_000;
const { app: _app, ...plain } = recorded.tls;

/** A credential as the cluster would give it, but for what a test changes. */
function issued(tls: Partial<TlsIdentity>, route: Partial<IdentityRoute>, more: { ssh?: boolean } = {}): Identity {
  const identity = Identity.create({
    tlsCertificate: certificate,
    tls: { ...plain, ...tls },
    authorities: [],
    roles: tls.roles ?? roles,
    expires: tls.notAfter ?? recorded.expires,
    ttl: recorded.ttl,
    route: { cluster: 'root.example', ...route },
  });
  if (!more.ssh) return identity;
  return new Proxy(identity, {
    get: (target, key) => (key === 'sshCertificate' ? 'a certificate' : Reflect.get(target, key)),
  });
}

const admitted = (more: Partial<AdmittedRequest>): AdmittedRequest => ({
  kind: 'identity',
  name: '',
  roles,
  cluster: 'root.example',
  confined: false,
  ttl: { askedMs: 3_600_000, effectiveMs: 3_600_000 },
  ...more,
});

const foo = {
  tls: { app: recorded.tls.app! },
  route: { application: { name: 'foo', publicAddress: 'foo.localhost' } },
};
const orders = {
  tls: { database: { service: 'orders', protocol: 'postgres', user: 'reader', name: 'eu', roles: [] } },
  route: { database: { name: 'orders', protocol: 'postgres', username: 'reader', database: 'eu' } },
};
const main = { tls: { kubernetesCluster: 'main' }, route: { kubernetes: { name: 'main' } } };
const asked = {
  identity: admitted({}),
  application: admitted({ kind: 'application', name: 'foo' }),
  database: admitted({ kind: 'database', name: 'orders', username: 'reader', database: 'eu' }),
  kubernetes: admitted({ kind: 'kubernetes', name: 'main' }),
};

test('what was asked for is handed out, of every kind', () => {
  checkAnswer(asked.identity, issued({}, {}, { ssh: true }), issuedAtMs);
  checkAnswer(asked.application, issued(foo.tls, foo.route), issuedAtMs);
  checkAnswer(asked.database, issued(orders.tls, orders.route), issuedAtMs);
  checkAnswer(asked.kubernetes, issued(main.tls, main.route), issuedAtMs);
});

describe('nobody gets a credential', () => {
  test.each([
    ['of another kind', asked.identity, issued(foo.tls, foo.route)],
    ['for another application', { ...asked.application, name: 'bar' }, issued(foo.tls, foo.route)],
    ['whose certificate leads nowhere', asked.application, issued({}, foo.route)],
    ['whose certificate leads further', asked.application, issued({ ...foo.tls, ...main.tls }, foo.route)],
    [
      'whose certificate is for another cluster',
      asked.kubernetes,
      issued({ ...main.tls, routeToCluster: 'leaf' }, main.route),
    ],
    ['whose route is for another cluster', asked.kubernetes, issued(main.tls, { ...main.route, cluster: 'leaf' })],
    [
      'for an application of another cluster',
      asked.application,
      issued({ app: { ...foo.tls.app, clusterName: 'leaf' } }, foo.route),
    ],
    ['for another account', { ...asked.database, username: 'admin' }, issued(orders.tls, orders.route)],
    [
      'for an account that nobody asked for',
      admitted({ kind: 'database', name: 'orders', database: 'eu' }),
      issued(orders.tls, orders.route),
    ],
    ['for another database', { ...asked.database, database: 'us' }, issued(orders.tls, orders.route)],
    ['with a role more', asked.identity, issued({ roles: [...roles, 'admin'] }, {})],
    ['that lives longer', asked.identity, issued({ notAfter: new Date(issuedAtMs + 3_700_000) }, {})],
  ])('%s', (_what, request, identity) => {
    expect(() => checkAnswer(request, identity, issuedAtMs)).toThrow('is not the one that was admitted');
  });
});

test('Redis has an account for those who name none', () => {
  const redis = { service: 'orders', protocol: 'redis', user: 'default', roles: [] };
  const route = { database: { name: 'orders', protocol: 'redis', username: 'default' } };
  checkAnswer(admitted({ kind: 'database', name: 'orders' }), issued({ database: redis }, route), issuedAtMs);
});

test('what was discovered may have a longer name, if that was admitted', () => {
  const discovered = { database: { service: 'orders-rds-eu', protocol: 'postgres', roles: [] } };
  const identity = issued(discovered, { database: { name: 'orders-rds-eu', protocol: 'postgres' } });
  const request = admitted({ kind: 'database', name: 'orders' });
  expect(() => checkAnswer(request, identity, issuedAtMs)).toThrow('leads elsewhere');
  checkAnswer(request, identity, issuedAtMs, 'orders-rds-eu');
});

describe('a confined credential', () => {
  test.each([
    ['application', 'usage:apps', foo],
    ['database', 'usage:db', orders],
    ['kubernetes', 'usage:kube', main],
  ] as const)('of kind %s is good for that alone', (kind, usage, { tls, route }) => {
    const request = { ...asked[kind], confined: true };
    checkAnswer(request, issued({ ...tls, usage: [usage] }, route), issuedAtMs);
    const wider = [
      issued(tls, route),
      issued({ ...tls, usage: [usage, 'usage:windows_desktop'] }, route),
      issued({ ...tls, usage: [usage] }, route, { ssh: true }),
    ];
    for (const identity of wider) {
      expect(() => checkAnswer(request, identity, issuedAtMs)).toThrow('is good for more than its kind');
    }
  });
});
