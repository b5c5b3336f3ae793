import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type ClientOptions, connect, loadTLS } from './index.ts';

describe('a leaf through its root’s proxy', () => {
  let root: DevCluster;
  let leaf: DevCluster;

  beforeAll(async () => {
    root = await DevCluster.start({
      name: 'root.test',
      leaves: [{ name: 'leaf.test', roleMap: { deployer: ['guest'] } }],
    });
    leaf = root.leaf('leaf.test');
    root.upsertRole({ name: 'deployer', allow: {} });
    root.upsertRole({ name: 'other', allow: {} });
    leaf.upsertRole({ name: 'guest', allow: { appLabels: { '*': '*' } } });
    root.upsertUser({ name: 'alice', roles: ['deployer'] });
    root.upsertUser({ name: 'bob', roles: ['other'] });
  });
  afterAll(() => root.stop());

  async function client(user = 'alice', options: Partial<ClientOptions> = {}): Promise<Client> {
    const { key, cert, cas } = await root.issueUserCredentials({ user });
    return connect({
      addresses: [root.proxyAddress],
      trust: { webCa: [root.webCaPem] },
      credentials: loadTLS({ key, cert, ca: cas }),
      ...options,
    });
  }

  test.each(['tls-routing', 'tls-routing-upgrade', 'proxy-grpc'] as const)(
    'by %s answers for itself, and knows the caller by another name',
    async (method) => {
      await using own = await client('alice', { strategy: { order: [method], onlyListed: true } });
      expect(own.connection).toEqual({ address: root.proxyAddress, method });
      await using remote = await own.forCluster('leaf.test');
      expect(remote.server).toMatchObject({ clusterName: 'leaf.test', proxyPublicAddress: leaf.proxyAddress });
      expect(remote.connection).toEqual({ address: root.proxyAddress, method });
      const { user } = await remote.service(UsersServiceDefinition).getUser({ currentUser: true });
      expect(user?.Metadata?.Name).toBe('remote-alice-root.test');
    },
  );

  test('is reached from a client of the auth service by the proxy that this names', async () => {
    await using own = await client('alice', { addresses: [root.authAddress] });
    expect(own.connection.method).toBe('auth');
    await using remote = await own.forCluster('leaf.test');
    expect(remote.connection).toEqual({ address: root.proxyAddress, method: 'tls-routing' });
    // From there the root, and whatever else it knows, is as near.
    await using back = await remote.forCluster('root.test');
    expect(back.server.clusterName).toBe('root.test');
  });

  test('ends with its root’s client, not the other way round', async () => {
    const own = await client();
    const [first, second] = await Promise.all([own.forCluster('leaf.test'), own.forCluster('leaf.test')]);
    await first.close();
    await expect(first.ping()).rejects.toMatchObject({ code: 'canceled' });
    await expect(second.ping()).resolves.toMatchObject({ clusterName: 'leaf.test' });
    await expect(own.ping()).resolves.toMatchObject({ clusterName: 'root.test' });
    const late = own.forCluster('leaf.test');
    const settled = expect(late).rejects.toMatchObject({ code: 'canceled' });
    await own.close();
    await settled;
    await expect(second.ping()).rejects.toMatchObject({ code: 'canceled' });
    await expect(own.forCluster('leaf.test')).rejects.toMatchObject({ code: 'canceled' });
  });

  test('that nobody knows is told by its name', async () => {
    await using own = await client();
    await expect(own.forCluster('nosuch.test')).rejects.toMatchObject({
      code: 'not_found',
      message: 'the cluster nosuch.test is not known here',
      hint: expect.stringContaining('remote_cluster'),
    });
    await expect(own.forCluster('')).rejects.toMatchObject({ code: 'bad_parameter' });
    const reason = new Error('enough');
    await expect(own.forCluster('leaf.test', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('denies who has no role there, and gives out no certificates', async () => {
    await using bob = await client('bob');
    await expect(bob.forCluster('leaf.test')).rejects.toMatchObject({
      code: 'access_denied',
      retryable: false,
      message: expect.stringContaining('the leaf cluster leaf.test refuses the user bob'),
      hint: expect.stringContaining('role_map'),
    });
    await using own = await client();
    await using remote = await own.forCluster('leaf.test');
    const call = remote.unary(AuthServiceDefinition, 'generateUserCerts', { Username: 'alice' });
    await expect(call).rejects.toMatchObject({ message: 'access denied: impersonation is not allowed' });
  });

  test('that is cut off fails in a way that may pass', async () => {
    await using own = await client();
    await using remote = await own.forCluster('leaf.test');
    leaf.partition();
    await expect(remote.ping({ retry: false })).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
    leaf.heal();
    await expect.poll(() => remote.ping().catch(() => undefined)).toMatchObject({ clusterName: 'leaf.test' });
  });
});
