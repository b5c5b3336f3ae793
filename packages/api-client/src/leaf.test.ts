import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, loadTLS } from './index.ts';

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

  /** Host authorities as the root hands them out: a credential of the root alone does not name the leaf's. */
  async function hostAuthorities(client: Client): Promise<string[]> {
    const { certAuthoritiesV2 } = await client.service(TrustServiceDefinition).getCertAuthorities({ type: 'host' });
    return certAuthoritiesV2.flatMap(({ Spec }) => (Spec?.ActiveKeys?.TLS ?? []).map(({ Cert }) => Cert.toString()));
  }

  async function dial(user: string, cluster?: string): Promise<Client> {
    const { key, cert, cas } = await root.issueUserCredentials({ user });
    const options = { addresses: [root.proxyAddress], trust: { webCa: [root.webCaPem] } };
    await using own = await connect({ ...options, credentials: loadTLS({ key, cert, ca: cas }) });
    const credentials = loadTLS({ key, cert, ca: await hostAuthorities(own) });
    return await connect({ ...options, credentials, ...(cluster !== undefined && { cluster }) });
  }

  test('answers for itself, and knows the caller by another name', async () => {
    await using client = await dial('alice', 'leaf.test');
    expect(client.server).toMatchObject({ clusterName: 'leaf.test', proxyPublicAddress: leaf.proxyAddress });
    expect(client.connection).toEqual({ address: root.proxyAddress, method: 'tls-routing' });
    const { user } = await client.service(UsersServiceDefinition).getUser({ currentUser: true });
    expect(user?.Metadata?.Name).toBe('remote-alice-root.test');
    await using own = await dial('alice');
    expect(own.server.clusterName).toBe('root.test');
  });

  test('denies who has no role there, and gives out no certificates', async () => {
    await expect(dial('bob', 'leaf.test')).rejects.toMatchObject({ code: 'access_denied' });
    await using client = await dial('alice', 'leaf.test');
    const call = client.unary(AuthServiceDefinition, 'generateUserCerts', { Username: 'alice' });
    await expect(call).rejects.toMatchObject({ message: 'access denied: impersonation is not allowed' });
  });

  test('that is cut off fails in a way that may pass', async () => {
    await using client = await dial('alice', 'leaf.test');
    leaf.partition();
    await expect(client.ping()).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
    leaf.heal();
    await expect.poll(() => client.ping().catch(() => undefined)).toMatchObject({ clusterName: 'leaf.test' });
  });
});
