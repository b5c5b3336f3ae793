import { generateKeyPairSync } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectProxy } from '../../test-support/connect-proxy.ts';
import { hasNginx, nginx } from '../../test-support/nginx.ts';
import { type Client, type ClientOptions, type ConnectError, connect, loadIdentityFile, loadTLS } from '../index.ts';
import { joinOverWeb } from '../web/index.ts';

async function prepare(teleport: RealTeleport): Promise<string> {
  await teleport.createRole('deployer', { allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  await teleport.tctl(['users', 'add', 'alice', '--roles=deployer', '--logins=root']);
  return teleport.identityFile('alice');
}

/** One call with an answer of some size, and one that streams. */
async function works(client: Client): Promise<void> {
  const auth = client.service(AuthServiceDefinition);
  await expect(auth.getRole({ Name: 'deployer' })).resolves.toMatchObject({ Metadata: { Name: 'deployer' } });
  const roles = [];
  for await (const role of auth.getCurrentUserRoles({})) roles.push(role.Metadata?.Name);
  expect(roles).toContain('deployer');
}

const portOf = (address: string): number => Number(address.split(':')[1]);

describe.skipIf(!teleportBinDir())('ways to a real Teleport 18', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe('with TLS routing', () => {
    let teleport: RealTeleport;
    let options: Omit<ClientOptions, 'addresses'>;
    beforeAll(async () => {
      teleport = await RealTeleport.start();
      options = { credentials: loadIdentityFile(await prepare(teleport)), trust: { webCa: [teleport.webCaPem] } };
    });
    afterAll(() => teleport?.stop());

    const listed = (method: 'auth' | 'tls-routing' | 'tls-routing-upgrade' | 'proxy-grpc') => ({
      strategy: { order: [method], onlyListed: true },
    });

    test.each(['tls-routing', 'tls-routing-upgrade', 'proxy-grpc'] as const)('%s by the web port', async (method) => {
      await using client = await connect({ ...options, ...listed(method), addresses: [teleport.proxyAddress] });
      expect(client.connection).toEqual({ method, address: teleport.proxyAddress });
      await works(client);
    });

    test('the environment orders the upgrade', async () => {
      vi.stubEnv('TELEPORT_TLS_ROUTING_CONN_UPGRADE', `${teleport.proxyAddress}=yes`);
      await using client = await connect({ ...options, addresses: [teleport.proxyAddress] });
      expect(client.connection.method).toBe('tls-routing-upgrade');
      await works(client);
    });

    test('the caller’s own dialer leads to auth or to the web port', async () => {
      for (const target of [teleport.authAddress, teleport.proxyAddress]) {
        const asked: string[] = [];
        await using client = await connect({
          ...options,
          addresses: ['jump.test:1234'],
          dial: (address) => {
            asked.push(address);
            return connectTcp({ host: '127.0.0.1', port: portOf(target) });
          },
        });
        expect(client.connection).toEqual({ method: 'dialer', address: 'jump.test:1234' });
        expect(asked).toEqual(['jump.test:1234']);
        await works(client);
      }
    });

    test('an HTTP proxy is on every way', async () => {
      await using proxy = await connectProxy({ login: 'me:secret' });
      vi.stubEnv('HTTPS_PROXY', `http://me:secret@${proxy.address}`);
      const web = `192.0.2.1:${portOf(teleport.proxyAddress)}`;
      const auth = `192.0.2.1:${portOf(teleport.authAddress)}`;
      // Only the HTTP proxy leads there, and the web certificate is for others. A name would be taken for an application’s.
      const trust = { insecureDiscovery: true };
      for (const [method, address] of [
        ['tls-routing', web],
        ['tls-routing-upgrade', web],
        ['proxy-grpc', web],
        ['auth', auth],
      ] as const) {
        await using client = await connect({ ...options, trust, ...listed(method), addresses: [address] });
        expect(client.connection).toEqual({ method, address, httpProxy: `http://${proxy.address}` });
        await works(client);
      }
      expect(new Set(proxy.targets)).toEqual(new Set([web, auth]));
      expect(proxy.others).toEqual([]);
      await expect.poll(() => proxy.open.size).toBe(0);
    });

    test('a client of every way outlives a restart of the cluster', async () => {
      const clients = [];
      for (const method of ['auth', 'tls-routing', 'tls-routing-upgrade', 'proxy-grpc'] as const) {
        const address = method === 'auth' ? teleport.authAddress : teleport.proxyAddress;
        clients.push(await connect({ ...options, ...listed(method), addresses: [address] }));
      }
      await teleport.restart();
      for (const client of clients) {
        await expect
          .poll(() => client.ping().catch((error: Error) => error), { timeout: 60_000 })
          .toMatchObject({ clusterName: teleport.name });
        await client.close();
      }
    });

    describe.skipIf(!hasNginx)('behind nginx', () => {
      test.each([false, true])('that speaks HTTP/2: %s', async (http2) => {
        await using balancer = await nginx({ to: `https://${teleport.proxyAddress}`, http2 });
        const trust = { webCa: [balancer.ca] };
        await using client = await connect({ ...options, trust, addresses: [balancer.address] });
        expect(client.connection).toEqual({ method: 'tls-routing-upgrade', address: balancer.address });
        await works(client);
      });

      test('that drops the Upgrade header', async () => {
        await using balancer = await nginx({ to: `https://${teleport.proxyAddress}`, upgrades: false });
        const trust = { webCa: [balancer.ca] };
        const error = await connect({ ...options, trust, addresses: [balancer.address] }).catch(
          (reason: ConnectError) => reason,
        );
        expect(error).toMatchObject({
          retryable: false,
          message: expect.stringContaining('did not upgrade the connection: it answered 404'),
          attempts: expect.arrayContaining([
            expect.objectContaining({ method: 'tls-routing', stage: 'alpn', credential: 'identity-file' }),
            expect.objectContaining({ method: 'tls-routing-upgrade', stage: 'upgrade' }),
          ]),
        });
      });
    });
  });

  describe('with separate ports, and a leaf', () => {
    let teleport: RealTeleport;
    let leaf: RealTeleport;
    let options: Omit<ClientOptions, 'addresses'>;
    beforeAll(async () => {
      teleport = await RealTeleport.start({ listenerMode: 'separate' });
      options = { credentials: loadIdentityFile(await prepare(teleport)), trust: { webCa: [teleport.webCaPem] } };
      leaf = await RealTeleport.startLeaf(teleport);
    });
    afterAll(async () => {
      await leaf?.stop();
      await teleport?.stop();
    });

    const reachesLeaf = async (root: Client, method: string, address: string): Promise<void> => {
      await using client = await root.forCluster('leaf.test');
      expect(client.server.clusterName).toBe('leaf.test');
      expect(client.connection).toEqual({ method, address });
      const roles = [];
      for await (const role of client.service(AuthServiceDefinition).getCurrentUserRoles({})) {
        roles.push(role.Metadata?.Name);
      }
      expect(roles).toContain('deployer');
    };

    test('the leaf by TLS routing', async () => {
      await using root = await connect({ ...options, addresses: [teleport.proxyAddress] });
      await reachesLeaf(root, 'tls-routing', teleport.proxyAddress);
      await expect(root.forCluster('nosuch.test')).rejects.toMatchObject({
        code: 'not_found',
        message: 'the cluster nosuch.test is not known here',
      });
    });

    test('the leaf by the proxy’s gRPC service', async () => {
      await using root = await connect({ ...options, addresses: [teleport.sshProxyAddress] });
      await reachesLeaf(root, 'proxy-grpc', teleport.sshProxyAddress);
    });

    test('the leaf from a client of the auth service, by the proxy that this names', async () => {
      await using root = await connect({ ...options, addresses: [teleport.authAddress] });
      await reachesLeaf(root, 'tls-routing', teleport.proxyAddress);
    });

    test.skipIf(!hasNginx)('the leaf behind nginx', async () => {
      await using balancer = await nginx({ to: `https://${teleport.proxyAddress}` });
      const trust = { webCa: [balancer.ca] };
      await using root = await connect({ ...options, trust, addresses: [balancer.address] });
      await reachesLeaf(root, 'tls-routing-upgrade', balancer.address);
    });

    test('a bot’s own identity is refused at the leaf, and the error says why', async () => {
      const token = await teleport.createBot('ci', ['deployer']);
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const certs = await joinOverWeb(
        teleport.proxyAddress,
        {
          Role: 'Bot',
          Token: token,
          PublicTLSKey: Buffer.from(keys.publicKey.export({ type: 'spki', format: 'pem' })),
          PublicSSHKey: Buffer.from(sshPublicKeyLine(keys.publicKey)),
        },
        options.trust,
      );
      const credentials = loadTLS({
        cert: certs.TLS.toString(),
        key: keys.privateKey,
        ca: certs.TLSCACerts.map((pem) => pem.toString()),
      });
      await using root = await connect({ ...options, credentials, addresses: [teleport.proxyAddress] });
      await expect(root.forCluster('leaf.test')).rejects.toMatchObject({
        code: 'access_denied',
        hint: expect.stringContaining('a bot’s own identity has no roles at a leaf'),
      });
    });

    test('the web port still serves TLS routing', async () => {
      await using client = await connect({ ...options, addresses: [teleport.proxyAddress] });
      expect(client.connection).toEqual({ method: 'tls-routing', address: teleport.proxyAddress });
      await works(client);
    });

    test('the SSH port is known by its answer', async () => {
      await using client = await connect({ ...options, addresses: [teleport.sshProxyAddress] });
      expect(client.connection).toEqual({ method: 'proxy-grpc', address: teleport.sshProxyAddress });
      await works(client);
    });

    test('find tells where the SSH port is', async () => {
      const strategy = { order: ['proxy-grpc'], onlyListed: true } as const;
      await using client = await connect({ ...options, strategy, addresses: [teleport.proxyAddress] });
      expect(client.connection).toEqual({ method: 'proxy-grpc', address: teleport.sshProxyAddress });
      await works(client);
    });
  });

  describe('whose web port speaks plain HTTP (--insecure-no-tls)', () => {
    let teleport: RealTeleport;
    let options: Omit<ClientOptions, 'addresses'>;
    beforeAll(async () => {
      teleport = await RealTeleport.start({ listenerMode: 'separate', insecureNoTls: true });
      options = { credentials: loadIdentityFile(await prepare(teleport)) };
    });
    afterAll(() => teleport?.stop());

    test('is reached by its SSH port, given or found', async () => {
      await using given = await connect({ ...options, addresses: [teleport.sshProxyAddress] });
      expect(given.connection).toEqual({ method: 'proxy-grpc', address: teleport.sshProxyAddress });
      await works(given);
      const trust = { insecureDiscovery: true };
      await using found = await connect({ ...options, trust, addresses: [teleport.proxyAddress] });
      expect(found.connection).toEqual({ method: 'proxy-grpc', address: teleport.sshProxyAddress });
      await works(found);
    });

    test.skipIf(!hasNginx)('behind nginx it upgrades and then keeps silent: that ends by itself', async () => {
      await using balancer = await nginx({ to: `http://${teleport.proxyAddress}` });
      const error = await connect({
        ...options,
        trust: { webCa: [balancer.ca] },
        strategy: { order: ['tls-routing-upgrade'], onlyListed: true },
        addresses: [balancer.address],
      }).catch((reason: ConnectError) => reason);
      expect(error).toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('did not finish the TLS handshake within 5000 ms'),
      });
      // The proxy's SSH port, which its answer to find names, is what is left.
      await using client = await connect({
        ...options,
        trust: { webCa: [balancer.ca] },
        addresses: [balancer.address],
      });
      expect(client.connection).toEqual({ method: 'proxy-grpc', address: teleport.sshProxyAddress });
    });
  });

  const oldBinDir = process.env.TELEPORT_OLD_BIN_DIR;
  test.skipIf(!oldBinDir)('an older server is refused (TELEPORT_OLD_BIN_DIR names one)', async () => {
    await using teleport = await RealTeleport.start({ binDir: oldBinDir as string });
    const credentials = loadIdentityFile(await prepare(teleport));
    const trust = { webCa: [teleport.webCaPem] };
    for (const address of [teleport.authAddress, teleport.proxyAddress]) {
      await expect(connect({ credentials, trust, addresses: [address] })).rejects.toMatchObject({
        code: 'version_mismatch',
        message: expect.stringContaining('this client is for Teleport 18'),
      });
    }
    await using client = await connect({
      credentials,
      trust,
      addresses: [teleport.proxyAddress],
      skipVersionCheck: true,
    });
    await expect(client.ping()).resolves.toMatchObject({ clusterName: teleport.name });
  });
});
