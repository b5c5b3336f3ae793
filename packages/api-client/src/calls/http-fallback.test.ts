import { GrpcCode, TELEPORT_MAJOR } from '@teleport-ts/api-types';
import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect, loadIdentityString } from '../index.ts';
import { anonymous } from '../internal.ts';
import { httpFallbacks } from './http-fallback.ts';

const unimplemented = { code: GrpcCode.UNIMPLEMENTED, message: 'unknown method GetClusterName' };

let cluster: DevCluster;
let identityFile: string;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.test' });
  cluster.upsertRole({ name: 'viewer' });
  cluster.upsertUser({ name: 'alice', roles: ['viewer'] });
  ({ identityFile } = await cluster.issueUserCredentials({ user: 'alice' }));
});

afterAll(async () => {
  await cluster?.stop();
});

const client = (address: string): Promise<Client> =>
  connect({
    addresses: [address],
    credentials: loadIdentityString(identityFile),
    trust: { webCa: [cluster.webCaPem] },
    retry: false,
  });

const clusterName = (at: Client, options = {}) =>
  at.unary(ClusterConfigServiceDefinition, 'getClusterName', {}, options);

test('no entry outlives the Teleport that has its endpoint', () => {
  for (const { rpc, since, removeIn } of httpFallbacks) {
    expect(
      removeIn,
      `${rpc} falls back to an endpoint that Teleport ${TELEPORT_MAJOR} has not: delete the entry`,
    ).toBeGreaterThan(TELEPORT_MAJOR);
    expect(since).toBeLessThan(removeIn);
  }
});

test.each(['auth', 'proxy'] as const)(
  'a method that the server has not is asked for over HTTP, by the %s address',
  async (by) => {
    await using it = await client(by === 'auth' ? cluster.authAddress : cluster.proxyAddress);
    const { Spec } = await clusterName(it);
    cluster.faults.next('GetClusterName', unimplemented);
    await expect(clusterName(it)).resolves.toMatchObject({
      Kind: 'cluster_name',
      Spec: { ClusterName: 'root.test', ClusterID: Spec?.ClusterID },
    });
    expect(cluster.faults.waiting('GetClusterName')).toBe(0);
  },
);

test('only then, and only where there is an endpoint', async () => {
  await using it = await client(cluster.authAddress);
  cluster.faults.next('GetClusterName', { code: GrpcCode.UNAVAILABLE, message: 'stopping' });
  await expect(clusterName(it)).rejects.toMatchObject({ code: 'connection_problem', message: 'stopping' });
  cluster.faults.next('GetRole', { code: GrpcCode.UNIMPLEMENTED, message: 'unknown method GetRole' });
  await expect(it.unary(AuthServiceDefinition, 'getRole', { Name: 'x' })).rejects.toMatchObject({
    code: 'not_implemented',
  });
});

test('what the endpoint refuses is told', async () => {
  const ca = loadIdentityString(identityFile);
  await using nobody = await connect({
    addresses: [cluster.authAddress],
    credentials: anonymous({ ca: (await ca.current()).ca }),
    retry: false,
  });
  cluster.faults.next('GetClusterName', unimplemented);
  await expect(clusterName(nobody)).rejects.toMatchObject({
    code: 'access_denied',
    message: 'access denied to perform action "read" on "cluster_name"',
    rpc: '/teleport.clusterconfig.v1.ClusterConfigService/GetClusterName',
  });
});
