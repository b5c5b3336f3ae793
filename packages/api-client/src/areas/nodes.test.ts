import { newNode } from '@teleport-ts/api-types/resources/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import { deleteAllNodes, deleteNode, getNode, listNodes, listNodesPage, upsertNode } from './nodes.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
  for (let index = 0; index < 7; index += 1) {
    const labels = { env: index % 2 ? 'dev' : 'prod', index: `${index}` };
    it.cluster.addNode({ id: `id-${index}`, hostname: `web-${index}`, labels });
  }
});
afterAll(() => it[Symbol.asyncDispose]());

const hostnames = async (query: Parameters<typeof listNodes>[1]): Promise<string[]> =>
  (await collected(listNodes(it.client, query))).map((node) => node.hostname);

test('nodes are listed in pages', async () => {
  expect(await hostnames({ pageSize: 3 })).toEqual([0, 1, 2, 3, 4, 5, 6].map((index) => `web-${index}`));
  const page = await listNodesPage(it.client, { pageSize: 3, includeLogins: true });
  expect(page.items).toHaveLength(3);
  expect(page.items[0]).toMatchObject({ name: 'id-0', kind: 'node', logins: ['root'], requiresRequest: false });
  const next = await listNodesPage(it.client, { pageSize: 3, pageToken: page.nextToken });
  expect(next.items[0]?.name).toBe('id-3');
});

test('by labels, words and predicates, sorted', async () => {
  expect(await hostnames({ labels: { env: 'dev' } })).toEqual(['web-1', 'web-3', 'web-5']);
  expect(await hostnames({ searchKeywords: ['prod', '4'] })).toEqual(['web-4']);
  expect(await hostnames({ predicate: 'labels["env"] == "dev" && name != "web-3"' })).toEqual(['web-1', 'web-5']);
  const sort = { field: 'hostname', descending: true };
  expect(await hostnames({ labels: { env: 'prod' }, sort, pageSize: 2 })).toEqual(['web-6', 'web-4', 'web-2', 'web-0']);
});

test('a bad predicate and an unknown sort field are refused', async () => {
  await expect(hostnames({ predicate: 'foo == "x"' })).rejects.toMatchObject({ code: 'bad_parameter' });
  await expect(hostnames({ predicate: 'name ==' })).rejects.toMatchObject({ code: 'unknown' });
  await expect(hostnames({ sort: { field: 'colour' } })).rejects.toMatchObject({ code: 'not_implemented' });
});

test('who may use none is shown none', async () => {
  expect(await collected(listNodes(it.guest))).toEqual([]);
});

test('a server without Teleport is written down, read and removed', async () => {
  const { client } = it;
  const node = newNode({
    name: 'plain',
    subKind: 'openssh',
    hostname: 'plain-1',
    address: '10.0.0.7:22',
    labels: { env: 'x' },
  });
  await upsertNode(client, node);
  expect(await getNode(client, 'plain')).toMatchObject({
    hostname: 'plain-1',
    address: '10.0.0.7:22',
    subKind: 'openssh',
    labels: { env: 'x' },
  });
  await deleteNode(client, 'plain');
  await expect(getNode(client, 'plain')).rejects.toMatchObject({ code: 'not_found' });
  expect(() => newNode({ name: 'x', subKind: 'openssh', hostname: 'x' })).toThrow('addr must be set');
});

test('all nodes go at once', async () => {
  await using own = await startAreaCluster();
  own.cluster.addNode({ hostname: 'web' });
  await deleteAllNodes(own.client);
  expect(await collected(listNodes(own.client))).toEqual([]);
});
