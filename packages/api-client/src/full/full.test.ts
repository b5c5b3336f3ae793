import { newRole } from '@teleport-ts/api-types/resources/role';
import { expect, test } from 'vitest';
import { startAreaCluster } from '../../test-support/area-cluster.ts';
import { loadIdentityString } from '../index.ts';
import { FakeCluster } from '../testing/index.ts';
import { watchedRoles } from '../watch/index.ts';
import { connect, withCalls } from './index.ts';

test('has all calls as methods', async () => {
  await using it = await startAreaCluster({ leaves: [{ name: 'leaf.test', roleMap: { root: ['visitor'] } }] });
  it.cluster.leaf('leaf.test').upsertRole({ name: 'visitor', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  it.cluster.addNode({ hostname: 'node-1', labels: { env: 'prod' } });
  const { identityFile } = await it.cluster.issueUserCredentials({ user: 'alice' });
  await using client = await connect({
    addresses: [it.cluster.proxyAddress],
    credentials: loadIdentityString(identityFile),
    trust: { webCa: [it.cluster.webCaPem] },
  });
  const hostnames: string[] = [];
  for await (const node of client.listNodes({ labels: { env: 'prod' } })) hostnames.push(node.hostname);
  expect(hostnames).toEqual(['node-1']);
  await using roles = client.reflector(watchedRoles());
  await roles.synced();
  expect(roles.get('root')?.allow.logins).toEqual(['root']);
  await using changes = await client.watch(['role']);
  await client.upsertRole(newRole({ name: 'deployer' }));
  for await (const change of changes) {
    expect(change).toMatchObject({ type: 'put', resource: { $case: 'Role' } });
    break;
  }
  const leaf = await client.forCluster('leaf.test');
  expect(await leaf.getClusterName()).toMatchObject({ clusterName: 'leaf.test' });
});

test('its methods hide nothing of a client, and are those of a function each', () => {
  const plain = new FakeCluster().connect();
  const known = new Set(Object.getOwnPropertyNames(Object.getPrototypeOf(plain)));
  const client = withCalls(plain);
  const own = Object.keys(client).filter((name) => name !== 'server' && name !== 'connection' && name !== 'forCluster');
  expect(own.length).toBeGreaterThan(80);
  expect(own.filter((name) => known.has(name))).toEqual([]);
  expect(own.filter((name) => typeof client[name as 'listNodes'] !== 'function')).toEqual([]);
});
