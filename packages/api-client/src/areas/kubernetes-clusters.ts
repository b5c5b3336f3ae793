import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { DeleteKubernetesServerRequest } from '@teleport-ts/api-types/proto/teleport/proto/heartbeats';
import { KubernetesClusterV3, KubernetesClusterV3List } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { ResourceRequest } from '@teleport-ts/api-types/proto/teleport/types/resource';
import {
  type KubernetesCluster,
  type KubernetesServer,
  kubernetesClusterView,
  kubernetesServerView,
} from '@teleport-ts/api-types/resources/kubernetes-cluster';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page } from './pages.ts';
import { named } from './required.ts';
import { type Listed, type ResourceQuery, resourcePages } from './resource-list.ts';
import { unifiedPages } from './unified-list.ts';

const ClusterMethods = authMethods({
  getKubernetesCluster: unary('GetKubernetesCluster', ResourceRequest, KubernetesClusterV3),
  getKubernetesClusters: unary('GetKubernetesClusters', Empty, KubernetesClusterV3List),
  createKubernetesCluster: unary('CreateKubernetesCluster', KubernetesClusterV3, Empty),
  updateKubernetesCluster: unary('UpdateKubernetesCluster', KubernetesClusterV3, Empty),
  deleteKubernetesCluster: unary('DeleteKubernetesCluster', ResourceRequest, Empty),
  deleteAllKubernetesClusters: unary('DeleteAllKubernetesClusters', Empty, Empty),
  deleteKubernetesServer: unary('DeleteKubernetesServer', DeleteKubernetesServerRequest, Empty),
});

/** Which service of a thing that may have many. */
export interface KubernetesServerId {
  readonly hostId: string;
  readonly name: string;
}

/**
 * The Kubernetes clusters that the caller may reach, each once, page by page as they are taken; `timeoutMs` is for each page.
 *
 * ```ts
 * for await (const { name } of listKubernetesClusters(client, { labels: { env: 'prod' } })) console.log(name);
 * ```
 */
export function listKubernetesClusters(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): AsyncIterable<Listed<KubernetesCluster>> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listKubernetesClusters}. */
export function listKubernetesClustersPage(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<KubernetesCluster>>> {
  return onePage(pages(client, query, options), query);
}

const pages = (client: Caller, query: ResourceQuery, options?: CallOptions): FetchPage<Listed<KubernetesCluster>> =>
  unifiedPages(
    client,
    ['kube_cluster'],
    query,
    (resource) =>
      resource.$case === 'KubernetesServer' && resource.value.Spec?.Cluster
        ? kubernetesClusterView(resource.value.Spec.Cluster)
        : undefined,
    options,
  );

/** The services that serve the Kubernetes clusters that the caller may reach: of one of them there may be many. */
export function listKubernetesServers(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): AsyncIterable<Listed<KubernetesServer>> {
  return allPages(serverPages(client, query, options), query);
}

/** One page of {@link listKubernetesServers}. */
export function listKubernetesServersPage(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<KubernetesServer>>> {
  return onePage(serverPages(client, query, options), query);
}

const serverPages = (
  client: Caller,
  query: ResourceQuery,
  options?: CallOptions,
): FetchPage<Listed<KubernetesServer>> =>
  resourcePages(
    client,
    'kube_server',
    query,
    (resource) => (resource.$case === 'KubernetesServer' ? kubernetesServerView(resource.value) : undefined),
    options,
  );

/** A Kubernetes cluster that is written down for services to pick up, whether one has or not. @throws TeleportError `not_found` */
export async function getKubernetesCluster(
  client: Caller,
  name: string,
  options?: CallOptions,
): Promise<KubernetesCluster> {
  return kubernetesClusterView(await client.unary(ClusterMethods, 'getKubernetesCluster', { Name: name }, options));
}

/** All Kubernetes clusters that are written down for services to pick up; Teleport 18.0 has no pages of them. */
export async function getKubernetesClusters(
  client: Caller,
  options?: CallOptions,
): Promise<readonly KubernetesCluster[]> {
  const { KubernetesClusters } = await client.unary(ClusterMethods, 'getKubernetesClusters', {}, options);
  return KubernetesClusters.map(kubernetesClusterView);
}

/**
 * Writes a Kubernetes cluster down that is not there yet; who makes one must be able to use it.
 *
 * ```ts
 * await createKubernetesCluster(client, newKubernetesCluster({ name: 'prod', kubeconfig }));
 * ```
 *
 * @throws TeleportError `already_exists`
 */
export async function createKubernetesCluster(
  client: Caller,
  cluster: KubernetesClusterV3,
  options?: CallOptions,
): Promise<void> {
  await client.unary(ClusterMethods, 'createKubernetesCluster', named('Kubernetes cluster', cluster), options);
}

/** Replaces a Kubernetes cluster. Teleport does not compare revisions here: of two that do the last one wins. @throws TeleportError `not_found` */
export async function updateKubernetesCluster(
  client: Caller,
  cluster: KubernetesClusterV3,
  options?: CallOptions,
): Promise<void> {
  await client.unary(ClusterMethods, 'updateKubernetesCluster', named('Kubernetes cluster', cluster), options);
}

/** @throws TeleportError `not_found` */
export async function deleteKubernetesCluster(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(ClusterMethods, 'deleteKubernetesCluster', { Name: name }, options);
}

/** Deletes all that are written down and that the caller may use. */
export async function deleteAllKubernetesClusters(client: Caller, options?: CallOptions): Promise<void> {
  await client.unary(ClusterMethods, 'deleteAllKubernetesClusters', {}, options);
}

/** Forgets a service; one that runs comes back with its next heartbeat. */
export async function deleteKubernetesServer(
  client: Caller,
  id: KubernetesServerId,
  options?: CallOptions,
): Promise<void> {
  await client.unary(ClusterMethods, 'deleteKubernetesServer', { HostID: id.hostId, Name: id.name }, options);
}
