import { newApplication } from '@teleport-ts/api-types/resources/application';
import { newDatabase } from '@teleport-ts/api-types/resources/database';
import { newKubernetesCluster } from '@teleport-ts/api-types/resources/kubernetes-cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import * as applications from './applications.ts';
import * as databases from './databases.ts';
import * as clusters from './kubernetes-clusters.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
  for (const [name, env] of [
    ['one', 'dev'],
    ['three', 'dev'],
    ['two', 'prod'],
  ] as const) {
    await it.cluster.addApplication({ name, labels: { env } });
    it.cluster.addDatabase({ name, labels: { env } });
    it.cluster.addKubernetesCluster({ name, labels: { env } });
  }
});
afterAll(() => it[Symbol.asyncDispose]());

const kinds = [
  {
    kind: 'applications',
    list: applications.listApplications,
    page: applications.listApplicationsPage,
    servers: applications.listApplicationServers,
    serversPage: applications.listApplicationServersPage,
    inner: 'application',
    deleteServer: applications.deleteApplicationServer,
  },
  {
    kind: 'databases',
    list: databases.listDatabases,
    page: databases.listDatabasesPage,
    servers: databases.listDatabaseServers,
    serversPage: databases.listDatabaseServersPage,
    inner: 'database',
    deleteServer: databases.deleteDatabaseServer,
  },
  {
    kind: 'Kubernetes clusters',
    list: clusters.listKubernetesClusters,
    page: clusters.listKubernetesClustersPage,
    servers: clusters.listKubernetesServers,
    serversPage: clusters.listKubernetesServersPage,
    inner: 'cluster',
    deleteServer: clusters.deleteKubernetesServer,
  },
] as const;

describe.each(kinds)('$kind that can be reached', ({ list, page, servers, serversPage, inner, deleteServer }) => {
  const names = async (query: Parameters<typeof list>[1]): Promise<string[]> =>
    (await collected<{ name: string }>(list(it.client, query))).map(({ name }) => name);

  test('are listed in pages, by labels, words and predicates, sorted', async () => {
    expect(await names({ pageSize: 2 })).toEqual(['one', 'three', 'two']);
    expect(await names({ labels: { env: 'dev' } })).toEqual(['one', 'three']);
    expect(await names({ searchKeywords: ['prod'] })).toEqual(['two']);
    expect(await names({ predicate: 'name == "three"' })).toEqual(['three']);
    expect(await names({ sort: { field: 'name', descending: true } })).toEqual(['two', 'three', 'one']);
    const first = await page(it.client, { pageSize: 2 });
    expect(first.items.map(({ name }) => name)).toEqual(['one', 'three']);
    expect((await page(it.client, { pageToken: first.nextToken })).items).toMatchObject([{ name: 'two' }]);
    await expect(names({ predicate: 'name ==' })).rejects.toMatchObject({ code: 'unknown' });
    expect(await collected<unknown>(list(it.guest))).toEqual([]);
  });

  test('come with the services that serve them', async () => {
    const all = await collected<{ hostId: string; name: string }>(servers(it.client, { pageSize: 2 }));
    expect(all).toMatchObject(['one', 'three', 'two'].map((name) => ({ name, [inner]: { name } })));
    expect((await serversPage(it.client, { labels: { env: 'prod' } })).items).toMatchObject([{ name: 'two' }]);
    await deleteServer(it.client, { hostId: all[2]?.hostId ?? '', name: 'two' });
    expect(await names({})).toEqual(['one', 'three']);
  });
});

test('an application is written down, changed and removed', async () => {
  const { client } = it;
  const rewrite = { redirect: ['a.test'], headers: [{ name: 'X', value: 'y' }], jwtClaims: 'none' };
  const fields = { name: 'grafana', uri: 'http://127.0.0.1:3000', publicAddress: 'g.test', rewrite };
  await applications.createApplication(client, newApplication(fields));
  const read = await applications.getApplication(client, 'grafana');
  expect(read).toMatchObject(fields);
  await expect(applications.createApplication(client, read.raw)).rejects.toMatchObject({ code: 'already_exists' });
  await applications.updateApplication(client, newApplication({ ...read, uri: 'http://127.0.0.1:3001' }));
  expect(await applications.getApplications(client)).toMatchObject([{ uri: 'http://127.0.0.1:3001', rewrite }]);
  await applications.deleteApplication(client, 'grafana');
  await expect(applications.getApplication(client, 'grafana')).rejects.toMatchObject({ code: 'not_found' });
  await applications.createApplication(client, read.raw);
  await applications.deleteAllApplications(client);
  expect(await applications.getApplications(client)).toEqual([]);
  const denied = applications.createApplication(it.guest, read.raw);
  await expect(denied).rejects.toMatchObject({ code: 'access_denied' });
});

test('a database is written down, changed and removed', async () => {
  const { client } = it;
  const fields = { name: 'orders', protocol: 'postgres', uri: 'db1:5432', labels: { env: 'dev' } };
  await databases.createDatabase(client, newDatabase({ ...fields, tls: { mode: 'verify_ca' } }));
  const read = await databases.getDatabase(client, 'orders');
  expect(read).toMatchObject({ ...fields, labels: { env: 'dev' }, tls: { mode: 'verify_ca' }, adminUser: undefined });
  const adminUser = { name: 'admin', defaultDatabase: '' };
  await databases.updateDatabase(client, newDatabase({ ...read, adminUser }));
  expect(await databases.getDatabases(client)).toMatchObject([{ adminUser, tls: { mode: 'verify_ca' } }]);
  await databases.deleteDatabase(client, 'orders');
  await expect(databases.getDatabase(client, 'orders')).rejects.toMatchObject({ code: 'not_found' });
  await databases.createDatabase(client, read.raw);
  await databases.deleteAllDatabases(client);
  expect(await databases.getDatabases(client)).toEqual([]);
});

test('a Kubernetes cluster is written down, changed and removed', async () => {
  const { client } = it;
  await clusters.createKubernetesCluster(client, newKubernetesCluster({ name: 'prod', kubeconfig: 'kind: Config' }));
  const read = await clusters.getKubernetesCluster(client, 'prod');
  expect(read).toMatchObject({ name: 'prod', cloud: undefined });
  await clusters.updateKubernetesCluster(client, newKubernetesCluster({ ...read, labels: { env: 'prod' } }));
  const [changed] = await clusters.getKubernetesClusters(client);
  expect(changed).toMatchObject({ labels: { env: 'prod' } });
  expect(changed?.raw.Spec?.Kubeconfig.toString()).toBe('kind: Config');
  await clusters.deleteKubernetesCluster(client, 'prod');
  await expect(clusters.getKubernetesCluster(client, 'prod')).rejects.toMatchObject({ code: 'not_found' });
  await clusters.createKubernetesCluster(client, read.raw);
  await clusters.deleteAllKubernetesClusters(client);
  expect(await clusters.getKubernetesClusters(client)).toEqual([]);
});
