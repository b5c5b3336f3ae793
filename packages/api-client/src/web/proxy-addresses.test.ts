import { describe, expect, test } from 'vitest';
import { proxyAddresses } from './proxy-addresses.ts';
import type { ProxySettings } from './proxy-answers.ts';

const ASKED = 'asked.example.com:3080';

type Given = Partial<Omit<ProxySettings, 'kube'>> & { readonly kube?: Partial<ProxySettings['kube']> };

const derived = ({ kube, ...given }: Given, askedAt = ASKED, env = {}) =>
  proxyAddresses(
    { proxy: { tlsRoutingEnabled: false, ssh: {}, kube: { enabled: true, ...kube }, ...given } },
    askedAt,
    { env },
  );

describe('with TLS routing', () => {
  test('everything is at the public web address', () => {
    const ssh = { publicAddr: 'proxy.example.com:443', webListenAddr: '0.0.0.0:3080', listenAddr: '0.0.0.0:3080' };
    const db = { postgresListenAddr: '0.0.0.0:3080' };
    expect(derived({ tlsRoutingEnabled: true, ssh, db, kube: { listenAddr: '0.0.0.0:3080' } })).toEqual({
      web: 'proxy.example.com:443',
      ssh: 'proxy.example.com:443',
      tunnel: 'proxy.example.com:443',
      kube: 'proxy.example.com:443',
      postgres: 'proxy.example.com:443',
      mysql: 'proxy.example.com:3036',
      mongo: 'proxy.example.com:443',
    });
  });

  test.each([
    [{ publicAddr: 'p.example.com', webListenAddr: '0.0.0.0:8443' }, 'p.example.com:8443', 'p.example.com:8443'],
    [{ publicAddr: 'p.example.com' }, 'p.example.com:443', 'p.example.com:443'],
    [{ webListenAddr: '10.0.0.1:3080' }, ASKED, '10.0.0.1:3080'],
    [{ webListenAddr: '[::]:3080' }, ASKED, 'asked.example.com:3080'],
    [{ webListenAddr: ':8443' }, ASKED, 'asked.example.com:8443'],
    [{}, ASKED, ASKED],
  ])('%j: web %s, tunnel and SSH %s', (ssh, web, tunnel) => {
    expect(derived({ tlsRoutingEnabled: true, ssh })).toMatchObject({ web, tunnel, ssh: tunnel });
  });
});

describe('with separate ports', () => {
  const listening = {
    listenAddr: '0.0.0.0:4023',
    tunnelListenAddr: '0.0.0.0:4024',
    webListenAddr: '0.0.0.0:4080',
  };

  test.each([
    // ssh, tunnel
    [
      { ...listening, sshPublicAddr: 's.example.com:23', sshTunnelPublicAddr: 't.example.com:24', publicAddr: 'p:443' },
      's.example.com:23',
      't.example.com:24',
    ],
    [{ ...listening, sshTunnelPublicAddr: 't.example.com' }, 'asked.example.com:4023', 't.example.com:4024'],
    [{ ...listening, sshPublicAddr: 's.example.com:23' }, 's.example.com:23', 's.example.com:4024'],
    [{ ...listening, publicAddr: 'p.example.com:443' }, 'p.example.com:4023', 'p.example.com:4024'],
    [{ publicAddr: 'p.example.com:443' }, 'p.example.com:3023', 'p.example.com:3024'],
    [listening, 'asked.example.com:4023', 'asked.example.com:4024'],
    [{ webListenAddr: '10.0.0.1:4080' }, '10.0.0.1:4080', '10.0.0.1:4080'],
    [{}, 'asked.example.com:3023', 'asked.example.com:3024'],
  ])('%j: SSH %s, tunnel %s', (ssh, at, tunnel) => {
    expect(derived({ ssh })).toMatchObject({ ssh: at, tunnel });
  });

  test.each([
    [{ publicAddr: 'k.example.com:26', listenAddr: '0.0.0.0:4026' }, 'k.example.com:26'],
    [{ publicAddr: 'k.example.com' }, 'k.example.com:3026'],
    [{ listenAddr: '0.0.0.0:4026' }, 'asked.example.com:4026'],
    [{ listenAddr: '10.0.0.1:4026' }, '10.0.0.1:4026'],
    [{}, 'asked.example.com:3026'],
    [{ enabled: false, publicAddr: 'k.example.com:26' }, undefined],
  ])('Kubernetes %j: %s', (kube, at) => {
    expect(derived({ kube }).kube).toBe(at);
  });

  test.each([
    [
      { postgresPublicAddr: 'd.example.com', mysqlPublicAddr: 'd.example.com', mongoPublicAddr: 'd.example.com' },
      { postgres: 'd.example.com:3080', mysql: 'd.example.com:3036', mongo: 'd.example.com:3080' },
    ],
    [
      { postgresListenAddr: '0.0.0.0:15432', mysqlListenAddr: '0.0.0.0', mongoListenAddr: '10.0.0.1:27018' },
      { postgres: 'asked.example.com:15432', mysql: 'asked.example.com:3036', mongo: 'asked.example.com:27018' },
    ],
    [{}, { postgres: ASKED, mysql: 'asked.example.com:3036', mongo: ASKED }],
  ])('databases %j', (db, at) => {
    expect(derived({ db })).toMatchObject(at);
  });
});

test.each([
  ['t.example.com:24', 't.example.com:24'],
  ['https://t.example.com', 't.example.com:3024'],
  ['', 'asked.example.com:3024'],
])('TELEPORT_TUNNEL_PUBLIC_ADDR=%s', (value, tunnel) => {
  expect(derived({}, ASKED, { TELEPORT_TUNNEL_PUBLIC_ADDR: value }).tunnel).toBe(tunnel);
  expect(derived({ tlsRoutingEnabled: true }, ASKED, { TELEPORT_TUNNEL_PUBLIC_ADDR: value }).ssh).toBe(ASKED);
});

test('IPv6, and schemes', () => {
  const ssh = { publicAddr: 'https://[2001:db8::1]:443', sshPublicAddr: 'tcp://[2001:db8::2]:23' };
  expect(derived({ ssh })).toMatchObject({ web: '[2001:db8::1]:443', ssh: '[2001:db8::2]:23' });
});

test('what is no address is named, and not repeated where it is a secret', () => {
  expect(() => derived({ ssh: { publicAddr: 'a b' } })).toThrow(
    expect.objectContaining({
      code: 'connection_problem',
      message: 'the proxy names an address that is none (proxy.ssh.public_addr)',
    }),
  );
  expect(() => derived({}, ASKED, { TELEPORT_TUNNEL_PUBLIC_ADDR: '://' })).toThrow(
    expect.objectContaining({ code: 'bad_parameter', message: expect.stringContaining('TELEPORT_TUNNEL_PUBLIC_ADDR') }),
  );
  expect(() => derived({}, 'a b')).toThrow(expect.objectContaining({ code: 'bad_parameter' }));
});
