import { connect as connectTcp } from 'node:net';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { DevCluster, type DevClusterOptions } from '@teleport-ts/dev-cluster';
import { heldResources, leakedSince } from '@teleport-ts/dev-cluster/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectProxy } from '../../test-support/connect-proxy.ts';
import { type Client, type ClientOptions, connect, loadTLS } from '../index.ts';

async function start(options: DevClusterOptions): Promise<[DevCluster, Omit<ClientOptions, 'addresses'>]> {
  const cluster = await DevCluster.start({ name: 'root.test', leaves: [{ name: 'leaf.test' }], ...options });
  cluster.upsertRole({ name: 'deployer', allow: { rules: [{ resources: ['role'], verbs: ['read'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
  const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'alice' });
  return [cluster, { credentials: loadTLS({ key, cert, ca: cas }), trust: { webCa: [cluster.webCaPem] } }];
}

async function works(client: Client): Promise<void> {
  const role = client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
  await expect(role).resolves.toMatchObject({ Metadata: { Name: 'deployer' } });
}

const portOf = (address: string): number => Number(address.split(':')[1]);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a proxy with one port', () => {
  let cluster: DevCluster;
  let options: Omit<ClientOptions, 'addresses'>;
  beforeAll(async () => {
    [cluster, options] = await start({});
  });
  afterAll(() => cluster.stop());

  test('is dialed by TLS routing', async () => {
    await using client = await connect({ ...options, addresses: [cluster.proxyAddress] });
    expect(client.connection).toEqual({ method: 'tls-routing', address: cluster.proxyAddress });
    await works(client);
  });

  test('is dialed by an upgrade where the environment says so', async () => {
    vi.stubEnv('TELEPORT_TLS_ROUTING_CONN_UPGRADE', `${cluster.proxyAddress}=yes`);
    await using client = await connect({ ...options, addresses: [cluster.proxyAddress] });
    expect(client.connection.method).toBe('tls-routing-upgrade');
    await works(client);
  });

  test('is dialed through an HTTP proxy by every way', async () => {
    await using proxy = await connectProxy({ login: 'me:secret' });
    vi.stubEnv('HTTPS_PROXY', `http://me:secret@${proxy.address}`);
    const web = `192.0.2.1:${portOf(cluster.proxyAddress)}`;
    const auth = `192.0.2.1:${portOf(cluster.authAddress)}`;
    for (const [method, address] of [
      ['tls-routing', web],
      ['tls-routing-upgrade', web],
      ['proxy-grpc', web],
      ['auth', auth],
    ] as const) {
      await using client = await connect({
        ...options,
        trust: { insecureDiscovery: true },
        strategy: { order: [method], onlyListed: true },
        addresses: [address],
      });
      expect(client.connection).toEqual({ method, address, httpProxy: `http://${proxy.address}` });
      await works(client);
    }
    expect(new Set(proxy.targets)).toEqual(new Set([web, auth]));
    await expect.poll(() => proxy.open.size).toBe(0);
  });

  test('is dialed by the caller’s own function', async () => {
    const dial = () => connectTcp({ host: '127.0.0.1', port: portOf(cluster.proxyAddress) });
    await using client = await connect({ ...options, dial, addresses: ['jump.test:7'] });
    await works(client);
  });
});

test('no way leaves anything behind', async () => {
  const [cluster, options] = await start({});
  await using _ = cluster;
  await using proxy = await connectProxy();
  const dial = () => connectTcp({ host: '127.0.0.1', port: portOf(cluster.proxyAddress) });
  const round = async (): Promise<void> => {
    for (const method of ['tls-routing-upgrade', 'proxy-grpc'] as const) {
      const strategy = { order: [method], onlyListed: true };
      await using client = await connect({ ...options, strategy, addresses: [cluster.proxyAddress] });
      expect(client.connection.method).toBe(method);
    }
    await using own = await connect({ ...options, dial, addresses: ['jump.test:7'] });
    expect(own.connection.method).toBe('dialer');
    vi.stubEnv('HTTPS_PROXY', `http://${proxy.address}`);
    const address = `192.0.2.1:${portOf(cluster.proxyAddress)}`;
    await using through = await connect({ ...options, trust: { insecureDiscovery: true }, addresses: [address] });
    expect(through.connection.httpProxy).toBe(`http://${proxy.address}`);
    vi.unstubAllEnvs();
  };
  await round();
  const before = heldResources();
  for (let count = 0; count < 3; count += 1) await round();
  await expect.poll(() => leakedSince(before)).toEqual({});
});

describe('a proxy with separate ports', () => {
  let cluster: DevCluster;
  let options: Omit<ClientOptions, 'addresses'>;
  beforeAll(async () => {
    [cluster, options] = await start({ proxyListenerMode: 'separate' });
  });
  afterAll(() => cluster.stop());

  test('serves TLS routing on the web port all the same', async () => {
    await using client = await connect({ ...options, addresses: [cluster.proxyAddress] });
    expect(client.connection).toEqual({ method: 'tls-routing', address: cluster.proxyAddress });
    await works(client);
  });

  test('is known by its SSH port’s answer', async () => {
    const address = cluster.proxySshAddress as string;
    await using client = await connect({ ...options, addresses: [address] });
    expect(client.connection).toEqual({ method: 'proxy-grpc', address });
    await works(client);
    await expect(client.forCluster('leaf.test')).rejects.toMatchObject({ code: 'access_denied' });
  });

  test('says where its SSH port is', async () => {
    const strategy = { order: ['proxy-grpc'], onlyListed: true } as const;
    await using client = await connect({ ...options, strategy, addresses: [cluster.proxyAddress] });
    expect(client.connection).toEqual({ method: 'proxy-grpc', address: cluster.proxySshAddress });
    await works(client);
  });
});

test('a proxy whose web port speaks plain HTTP is reached by its SSH port', async () => {
  const [cluster, options] = await start({ proxyListenerMode: 'separate', insecureNoTls: true });
  await using _ = cluster;
  const trust = { insecureDiscovery: true };
  await using client = await connect({ ...options, trust, addresses: [cluster.proxyAddress] });
  expect(client.connection).toEqual({ method: 'proxy-grpc', address: cluster.proxySshAddress });
  await works(client);
});
