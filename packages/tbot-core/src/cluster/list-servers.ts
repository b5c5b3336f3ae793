import type { Client } from '@teleport-ts/api-client';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { PaginatedResource } from '@teleport-ts/api-types/proto/teleport/proto/resources';

/** Answers in one page. A resource that many agents serve comes once for each of them. */
const PAGE = 20;

/** A page of what serves applications, databases or Kubernetes clusters. */
export interface ServerPage {
  readonly servers: readonly PaginatedResource[];
  /** Where the next page begins; empty on the last one. */
  readonly next: string;
}

/**
 * The servers that match a predicate, as the roles of the connection may see them.
 *
 * @param start the `next` of the page before
 */
export async function listServers(
  client: Client,
  resourceType: 'app_server' | 'db_server' | 'kube_server',
  predicate: string,
  start = '',
): Promise<ServerPage> {
  const answer = await client.service(AuthServiceDefinition).listResources({
    ResourceType: resourceType,
    Namespace: 'default',
    Limit: PAGE,
    StartKey: start,
    PredicateExpression: predicate,
  });
  return { servers: answer.Resources, next: answer.NextKey };
}
