import type { ServerUnaryCall } from '@grpc/grpc-js';
import { TELEPORT_API_VERSION } from '@teleport-ts/api-types';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { describe, expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { type Client, type ClientStatus, connect, loadTLS } from '../index.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());

type Answer = (error: null, value: object) => void;

/** An auth service that cuts the connection of who says a version, as one does that refuses it; others are answered. */
async function refusing(version: string): Promise<AuthServer> {
  const ping = (call: ServerUnaryCall<unknown, unknown>, answer: Answer): void => {
    if (call.metadata.get('version').length > 0) server.cut();
    else answer(null, { ClusterName: 'root.test', ServerVersion: version });
  };
  const server: AuthServer = await AuthServer.start({ certificate, handlers: { ping } });
  return server;
}

describe('a server that drops clients of our version without a word', () => {
  test.each([
    ['20.1.0', 'install @teleport-ts/api-client@~1.20.0'],
    ['17.5.2', 'upgrade the cluster to Teleport 18 or 19'],
  ])('tells its own on the auth address: %s', async (version, hint) => {
    await using server = await refusing(version);
    await expect(connect({ addresses: [server.address], credentials })).rejects.toMatchObject({
      code: 'version_mismatch',
      retryable: false,
      message: expect.stringMatching(new RegExp(`Teleport ${version}; .* \\(API ${TELEPORT_API_VERSION}`)),
      hint,
    });
  });

  test('is told with the package that the user has installed', async () => {
    await using server = await refusing('20.1.0');
    const options = { addresses: [server.address], credentials, packageName: '@example/tool' };
    await expect(connect(options)).rejects.toMatchObject({ hint: 'install @example/tool@~1.20.0' });
  });

  test('is connected to when the check is left out, whatever comes of it', async () => {
    await using server = await refusing('20.1.0');
    await using client = await connect({ addresses: [server.address], credentials, skipVersionCheck: true });
    expect(client.server.version).toBe('20.1.0');
    await expect(client.ping({ retry: false })).rejects.toMatchObject({ code: 'connection_problem' });
  });
});

describe('a cluster', () => {
  test.each(['auth', 'proxy'] as const)('of an older major is refused by both versions, by its %s', async (by) => {
    await using cluster = await DevCluster.start({ serverVersion: '17.4.0' });
    cluster.upsertRole({ name: 'deployer', allow: {} });
    cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
    const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'alice' });
    const options = {
      addresses: [by === 'auth' ? cluster.authAddress : cluster.proxyAddress],
      credentials: loadTLS({ key, cert, ca: cas }),
      trust: { webCa: [cluster.webCaPem] },
    };
    await expect(connect(options)).rejects.toMatchObject({
      code: 'version_mismatch',
      message: expect.stringContaining('17.4.0'),
    });
    await using client = await connect({ ...options, skipVersionCheck: true });
    await expect(client.ping()).resolves.toMatchObject({ version: '17.4.0' });
  });

  test.each([
    ['18.2.0', 'skew'],
    ['17.0.0', 'too-old'],
    ['20.0.0', 'too-new'],
  ])('that comes back as %s is %s', async (version, verdict) => {
    let current = '18.0.0';
    const ping = (_call: unknown, answer: Answer): void =>
      answer(null, { ClusterName: 'root.test', ServerVersion: current });
    await using server = await AuthServer.start({ certificate, handlers: { ping } });
    await using client = await connect({ addresses: [server.address], credentials });
    const seen = versionStatus(client);
    current = version;
    server.cut();
    await client.ping().catch(() => client.ping());
    await expect(seen).resolves.toEqual({ type: 'version', verdict, server: version });
  });
});

async function versionStatus(client: Client): Promise<ClientStatus | undefined> {
  for await (const status of client.status()) if (status.type === 'version') return status;
  return undefined;
}
