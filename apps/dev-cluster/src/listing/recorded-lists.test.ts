import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import {
  ListResourcesResponse,
  ListUnifiedResourcesResponse,
  type PaginatedResource,
} from '@teleport-ts/api-types/proto/teleport/proto/resources';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { recordedMessage, settled } from '../testing/recorded.ts';
import { userClient } from '../testing/wire-bot.ts';
import type { WireClient } from '../testing/wire-client.ts';

// Whole lists, against those of a Teleport 18.0.0 that had the same applications, databases, clusters and nodes.

const labels = { env: 'demo', 'teleport.dev/origin': 'config-file' };
const everything = { '*': '*' };

let cluster: DevCluster;
let alice: WireClient;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.example' });
  cluster.upsertRole({
    name: 'admin',
    allow: {
      appLabels: everything,
      databaseLabels: everything,
      kubernetesLabels: everything,
      nodeLabels: everything,
      logins: ['ci', 'root'],
    },
  });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  await cluster.addApplication({ name: 'foo', uri: 'http://127.0.0.1:15900', labels });
  await cluster.addApplication({ name: 'bar', uri: 'http://127.0.0.1:15901', labels: { ...labels, env: 'prod' } });
  cluster.addDatabase({ name: 'roach', protocol: 'cockroachdb', uri: '127.0.0.1:15926', labels });
  cluster.addDatabase({ name: 'pg', protocol: 'postgres', uri: '127.0.0.1:15932', labels });
  cluster.addDatabase({ name: 'mongo', protocol: 'mongodb', uri: '127.0.0.1:15917', labels });
  cluster.addKubernetesCluster({ name: 'k1' });
  cluster.addNode({ hostname: 'node-1', addr: '127.0.0.1:15022', labels: { env: 'demo' } });
  alice = await userClient(cluster, 'alice');
});

afterAll(async () => {
  alice.close();
  await cluster.stop();
});

/** Resources without their expiry, their address and state of health, and on which host they were. */
function comparable(resources: readonly PaginatedResource[]): unknown[] {
  return resources.map(({ resource, Logins }) => {
    const { Metadata, Spec, ...value } = structuredClone(resource?.value) as {
      Metadata?: { Name?: string; Labels?: unknown };
      Spec?: Record<string, unknown>;
      Status?: unknown;
    };
    delete value.Status;
    const kind = resource?.$case;
    const isNode = kind === 'Node';
    return settled({
      kind,
      ...value,
      Metadata: { ...Metadata, ...(isNode && { Name: '' }), Expires: undefined },
      Spec: { ...Spec, ProxyIDs: [], ...(!isNode && kind !== 'KubeCluster' && { Hostname: '' }) },
      Logins: [...Logins].sort(),
    });
  });
}

it.each([
  ['app_server', 'app-server', {}],
  ['app_server', 'app-server-page1', { Limit: 1 }],
  ['db_server', 'db-server', {}],
  ['kube_server', 'kube-server', {}],
  ['kube_cluster', 'kube-cluster', {}],
  ['node', 'node', {}],
  ['node', 'node-total', { SortBy: { IsDesc: true, Field: 'name' }, NeedTotalCount: true, IncludeLogins: true }],
])('ListResources of %s: %s', async (ResourceType, name, request) => {
  const ours = await alice.call(Auth, 'listResources', { ResourceType, Limit: 100, ...request });
  const theirs = recordedMessage(`list-resources-${name}`, ListResourcesResponse);
  expect(comparable(ours.Resources)).toEqual(comparable(theirs.Resources));
  expect(ours.TotalCount).toBe(theirs.TotalCount);
  expect(ours.NextKey.replace(/^[0-9a-f-]{36}/, 'HOST')).toBe(theirs.NextKey.replace(/^[0-9a-f-]{36}/, 'HOST'));
});

it('ListUnifiedResources', async () => {
  const Kinds = ['app', 'node', 'db', 'kube_cluster'];
  const ours = await alice.call(Auth, 'listUnifiedResources', { Kinds, Limit: 50, SortBy: { Field: 'name' } });
  const theirs = recordedMessage('list-unified-resources', ListUnifiedResourcesResponse);
  expect(comparable(ours.Resources)).toEqual(comparable(theirs.Resources));
  expect(ours.NextKey).toBe(theirs.NextKey);
});
