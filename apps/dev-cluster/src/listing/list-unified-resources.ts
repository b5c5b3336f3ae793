import type {
  ListUnifiedResourcesRequest,
  ListUnifiedResourcesResponse,
  PaginatedResource,
} from '@teleport-ts/api-types/proto/teleport/proto/resources';
import {
  type DatabaseServerStatusV3,
  type DatabaseServerV3,
  TargetHealth,
} from '@teleport-ts/api-types/proto/teleport/types/database_server';
import { authorize, type Caller, mayUse } from '../access/caller.ts';
import { accessDenied, notImplemented } from '../errors.ts';
import type { PredicateResource } from '../predicate/resource-expression.ts';
import type { Resource } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { appServers } from './app-servers.ts';
import { databaseServers, healthOf } from './database-servers.ts';
import { filterOf } from './filter.ts';
import { kubernetesServers } from './kubernetes-servers.ts';
import { loginsOf } from './list-resources.ts';
import type { ListedKind } from './listed-kind.ts';
import { nodes } from './nodes.ts';
import type { UnifiedEntry, UnifiedKind } from './unified-index.ts';

const LISTED = {
  app: appServers,
  db: databaseServers,
  kube_cluster: kubernetesServers,
  node: nodes,
} as unknown as Readonly<Record<UnifiedKind, ListedKind<Resource>>>;

/** All that may be asked for; of some there is nothing here. */
const KINDS = ['app', 'db', 'git_server', 'kube_cluster', 'node', 'saml_idp_service_provider', 'windows_desktop'];

interface Found {
  readonly entry: UnifiedEntry;
  /** All its heartbeats, the newest last. */
  readonly servers: readonly Resource[];
}

/**
 * `ListUnifiedResources`: a page of everything, by name or by kind. It is refused only where the caller may list none of
 * the kinds asked for. Else a rule against listing keeps nodes back and nothing but nodes: the real one looks the refusal
 * up by the kind of the heartbeat, and only a node's heartbeat has the kind that was asked for.
 *
 * @throws TeleportError with the texts of the real one
 */
export function listUnifiedResources(
  state: ClusterState,
  caller: Caller,
  request: ListUnifiedResourcesRequest,
): ListUnifiedResourcesResponse {
  const isAskedFor = lenient(filterOf<Found>(request, describe));
  const kinds = shownKinds(caller, request.Kinds);
  // Nobody here has pinned anything.
  if (request.PinnedOnly) return { Resources: [], NextKey: '' };
  const order = orderOf(request.SortBy?.Field ?? '');
  const resources: PaginatedResource[] = [];
  for (const [entry, servers] of state.unified.from(order, request.StartKey, request.SortBy?.IsDesc === true)) {
    if (!kinds.has(entry.kind) || !isAskedFor({ entry, servers })) continue;
    const listed = LISTED[entry.kind];
    const server = newest(entry.kind, servers);
    if (!mayUse(caller, listed.usable(server))) continue;
    if (request.Limit > 0 && resources.length === request.Limit) return { Resources: resources, NextKey: entry[order] };
    resources.push({
      resource: listed.paginated(server),
      Logins: request.IncludeLogins ? loginsOf(listed, server, caller) : [],
      RequiresRequest: false,
    });
  }
  return { Resources: resources, NextKey: '' };
}

function shownKinds(caller: Caller, asked: readonly string[]): ReadonlySet<string> {
  const requested = asked.length > 0 ? [...new Set(asked)] : KINDS;
  const listable = requested.filter((kind) => {
    if (!KINDS.includes(kind)) return false;
    try {
      authorize(caller, kind, ...(kind === 'node' ? (['list'] as const) : (['list', 'read'] as const)));
      return true;
    } catch {
      return false;
    }
  });
  if (listable.length === 0) {
    throw accessDenied(`User does not have access to any of the requested kinds: [${requested.join(' ')}]`);
  }
  return new Set(requested.filter((kind) => kind !== 'node' || listable.includes(kind)));
}

function orderOf(field: string): 'byName' | 'byKind' {
  if (field === '' || field === 'name') return 'byName';
  if (field === 'kind') return 'byKind';
  throw notImplemented(`getting sort tree\n\tsorting by ${field} is not supported in unified resources`);
}

const describe = ({ entry, servers }: Found): PredicateResource =>
  LISTED[entry.kind].describe(newest(entry.kind, servers));

/** The newest heartbeat; of a database it tells how all its hosts find it. */
function newest(kind: UnifiedKind, servers: readonly Resource[]): Resource {
  const server = servers.at(-1) as Resource;
  if (kind !== 'db') return server;
  const statuses = new Set((servers as unknown as DatabaseServerV3[]).map((each) => healthOf(each) || 'unknown'));
  const Status = statuses.size > 1 ? 'mixed' : ([...statuses][0] as string);
  const { Status: status } = server as unknown as DatabaseServerV3;
  const health: DatabaseServerStatusV3 = {
    ...status,
    TargetHealth: { ...(status?.TargetHealth ?? TargetHealth.create()), Status },
  };
  return { ...server, Status: health } as Resource;
}

/** A predicate that cannot be answered for a resource leaves it out: its names differ from kind to kind. */
function lenient<T>(matches: (item: T) => boolean): (item: T) => boolean {
  return (item) => {
    try {
      return matches(item);
    } catch {
      return false;
    }
  };
}
