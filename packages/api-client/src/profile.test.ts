import { DevCluster } from '@teleport-ts/dev-cluster';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { tshFiles, writeTree } from '../test-support/tsh-tree.ts';
import { connect, firstOf, loadIdentityFile, loadProfile, loadTLS } from './index.ts';

test('a profile of tsh is all that is needed to connect', async () => {
  await using cluster = await DevCluster.start();
  cluster.upsertRole({ name: 'deployer' });
  cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
  const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'alice' });
  await using folder = await TemporaryDirectory.create();
  const files = tshFiles({ key, cert, ca: cas.join('') }, { proxy: cluster.proxyAddress, cluster: cluster.name });
  await writeTree(folder.path, files);
  const trust = { webCa: [cluster.webCaPem] };
  await using client = await connect({ credentials: loadProfile(folder.path), trust });
  expect(client.connection).toMatchObject({ method: 'tls-routing', address: cluster.proxyAddress });
  const first = firstOf(loadIdentityFile(folder.join('nosuch')), loadProfile(folder.path));
  await using second = await connect({ credentials: first, trust });
  expect(second.server.clusterName).toBe(cluster.name);
  const other = { credentials: loadProfile(folder.path), addresses: [cluster.authAddress] };
  await using direct = await connect(other);
  expect(direct.connection.method).toBe('auth');
});

test('without a profile an address is needed', async () => {
  const parts = { key: '', cert: '', ca: '' };
  await expect(connect({ addresses: [], credentials: loadTLS(parts) })).rejects.toMatchObject({
    code: 'bad_parameter',
    message: 'no address was given',
  });
});
