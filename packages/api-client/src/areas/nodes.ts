import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { KeepAlive } from '@teleport-ts/api-types/proto/teleport/types/keep_alive';
import {
  ResourceInNamespaceRequest,
  ResourcesInNamespaceRequest,
} from '@teleport-ts/api-types/proto/teleport/types/resource';
import { ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import { type Node, nodeView } from '@teleport-ts/api-types/resources/node';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page } from './pages.ts';
import { named } from './required.ts';
import { type Listed, type ResourceQuery, resourcePages } from './resource-list.ts';

const Nodes = authMethods({
  getNode: unary('GetNode', ResourceInNamespaceRequest, ServerV2),
  upsertNode: unary('UpsertNode', ServerV2, KeepAlive),
  deleteNode: unary('DeleteNode', ResourceInNamespaceRequest, Empty),
  deleteAllNodes: unary('DeleteAllNodes', ResourcesInNamespaceRequest, Empty),
});

const NAMESPACE = 'default';

/** Which nodes. Sorted by `name` or `hostname`. */
export interface NodeQuery extends ResourceQuery {
  /** Tell the caller's logins on each. */
  readonly includeLogins?: boolean;
}

/**
 * The nodes that the caller may reach, page by page as they are taken; `timeoutMs` is for each page.
 *
 * ```ts
 * for await (const node of listNodes(client, { labels: { env: 'prod' } })) console.log(node.hostname);
 * ```
 */
export function listNodes(client: Caller, query: NodeQuery = {}, options?: CallOptions): AsyncIterable<Listed<Node>> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listNodes}. */
export function listNodesPage(
  client: Caller,
  query: NodeQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<Node>>> {
  return onePage(pages(client, query, options), query);
}

const pages = (client: Caller, query: NodeQuery, options?: CallOptions): FetchPage<Listed<Node>> =>
  resourcePages(
    client,
    'node',
    query,
    (resource) => (resource.$case === 'Node' ? nodeView(resource.value) : undefined),
    options,
  );

/**
 * @param id the name of the resource, not the host name
 * @throws TeleportError `not_found`
 */
export async function getNode(client: Caller, id: string, options?: CallOptions): Promise<Node> {
  return nodeView(await client.unary(Nodes, 'getNode', { Name: id, Namespace: NAMESPACE }, options));
}

/** Makes or replaces a node, such as a server without Teleport (`subKind: 'openssh'`). */
export async function upsertNode(client: Caller, node: ServerV2, options?: CallOptions): Promise<void> {
  await client.unary(Nodes, 'upsertNode', named('node', node), options);
}

/** @param id the name of the resource; nothing happens where there is none */
export async function deleteNode(client: Caller, id: string, options?: CallOptions): Promise<void> {
  await client.unary(Nodes, 'deleteNode', { Name: id, Namespace: NAMESPACE }, options);
}

/** Deletes all nodes of the cluster. Those that run Teleport come back with their next heartbeat. */
export async function deleteAllNodes(client: Caller, options?: CallOptions): Promise<void> {
  await client.unary(Nodes, 'deleteAllNodes', { Namespace: NAMESPACE }, options);
}
