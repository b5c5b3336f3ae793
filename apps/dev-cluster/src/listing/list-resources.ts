import type {
  ListResourcesRequest,
  ListResourcesResponse,
  PaginatedResource,
} from '@teleport-ts/api-types/proto/teleport/proto/resources';
import { authorize, authorizeIn, type Caller, mayUse } from '../access/caller.ts';
import { badParameter, notImplemented } from '../errors.ts';
import type { Resource } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { appServers } from './app-servers.ts';
import { databaseServers } from './database-servers.ts';
import { filterOf } from './filter.ts';
import { kubernetesClusters, kubernetesServers } from './kubernetes-servers.ts';
import type { ListedKind } from './listed-kind.ts';
import { nodes } from './nodes.ts';

const DEFAULT_PAGE = 1000;

/** Kinds that the real one lists and this one has nothing of, and whether it knows how to list them as a whole. */
const EMPTY_KINDS: Readonly<Record<string, { readonly whole: boolean }>> = {
  db_service: { whole: false },
  windows_desktop: { whole: true },
  windows_desktop_service: { whole: false },
  user_group: { whole: true },
  saml_idp_service_provider: { whole: true },
  git_server: { whole: false },
  aws_ic_account: { whole: false },
  aws_ic_account_assignment: { whole: false },
};

/**
 * `ListResources`: a page in key order, or, where the order or the total is asked for, a part of the whole list. Only
 * what the caller's roles let it use is counted, let alone shown.
 *
 * @throws TeleportError with the texts of the real one
 */
export function listResources(
  state: ClusterState,
  caller: Caller,
  request: ListResourcesRequest,
): ListResourcesResponse {
  switch (request.ResourceType) {
    case 'app_server':
      return list(appServers, state, caller, request);
    case 'db_server':
      return list(databaseServers, state, caller, request);
    case 'kube_server':
      return list(kubernetesServers, state, caller, request);
    case 'kube_cluster':
      return list(kubernetesClusters, state, caller, request);
    case 'node':
      return list(nodes, state, caller, request);
    default:
      return listNothing(caller, request);
  }
}

const isWhole = ({ SortBy, NeedTotalCount }: ListResourcesRequest): boolean => !!SortBy?.Field || NeedTotalCount;

function list<S extends Resource>(
  kind: ListedKind<S>,
  state: ClusterState,
  caller: Caller,
  request: ListResourcesRequest,
): ListResourcesResponse {
  checkLimit(request);
  const whole = kind.alwaysWhole || isWhole(request);
  const hasNamespace = kind.hasNamespace === 'always' || (kind.hasNamespace === 'in pages' && !whole);
  authorizeIn(hasNamespace ? request.Namespace : '', caller, kind.ruleKind, ...kind.verbs);
  if (whole) return wholeList(kind, state, caller, request);
  const isAskedFor = filterOf(request, kind.describe);
  const { items, next } = kind
    .servers(state)
    .page(request.StartKey, pageSize(request), (server) => mayUse(caller, kind.usable(server)) && isAskedFor(server));
  return { Resources: items.map((server) => paginated(kind, server, caller, request)), NextKey: next, TotalCount: 0 };
}

/** A page of the list as a whole, in which each thing stands once, however many hosts serve it. */
function wholeList<S extends Resource>(
  kind: ListedKind<S>,
  state: ClusterState,
  caller: Caller,
  request: ListResourcesRequest,
): ListResourcesResponse {
  const servers = kind
    .servers(state)
    .values()
    .filter((server) => mayUse(caller, kind.usable(server)));
  sort(kind, servers, request);
  const isAskedFor = filterOf(request, kind.describe);
  if (!kind.hasDuplicates && servers.length > 0) {
    throw badParameter(`checking for duplicate matches for resource kind "${kind.kind}" is not supported`);
  }
  const seen = new Set<string>();
  const found = servers.filter((server) => {
    const identity = kind.identity(server);
    if (!isAskedFor(server) || seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
  const { StartKey } = request;
  const start =
    StartKey === ''
      ? 0
      : Math.max(
          0,
          found.findIndex((server) => kind.keyOf(server) === StartKey),
        );
  const end = start + pageSize(request);
  const next = found[end];
  return {
    Resources: found.slice(start, end).map((server) => paginated(kind, server, caller, request)),
    NextKey: next ? kind.keyOf(next) : '',
    TotalCount: found.length,
  };
}

function sort<S extends Resource>(kind: ListedKind<S>, servers: S[], { SortBy }: ListResourcesRequest): void {
  const field = SortBy?.Field ?? '';
  if (field === '') return;
  const sortValue = Object.hasOwn(kind.sortFields, field) ? kind.sortFields[field] : undefined;
  if (!sortValue)
    throw notImplemented(`sorting by field ${quoted(field)} for resource "${kind.kind}" is not supported`);
  const direction = SortBy?.IsDesc ? -1 : 1;
  servers.sort((a, b) => direction * compare(sortValue(a), sortValue(b)));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function paginated<S extends Resource>(
  kind: ListedKind<S>,
  server: S,
  caller: Caller,
  { IncludeLogins }: ListResourcesRequest,
): PaginatedResource {
  return {
    resource: kind.paginated(server),
    Logins: IncludeLogins ? loginsOf(kind, server, caller) : [],
    RequiresRequest: false,
  };
}

/** The logins that the caller has on a node; other kinds have none. */
export function loginsOf<S extends Resource>(kind: ListedKind<S>, server: S, caller: Caller): string[] {
  return kind.kind === 'node' ? caller.roles.loginsOn(kind.usable(server)) : [];
}

function listNothing(caller: Caller, request: ListResourcesRequest): ListResourcesResponse {
  const kind = request.ResourceType;
  const known = Object.hasOwn(EMPTY_KINDS, kind) ? EMPTY_KINDS[kind] : undefined;
  checkLimit(request);
  if (isWhole(request) && !known?.whole) {
    throw notImplemented(`resource type ${quoted(kind)} is not supported for listResourcesWithSort`);
  }
  if (!known) throw notImplemented(`resource type ${kind} does not support pagination`);
  // Kept for enterprises; everybody may ask and hears of nothing.
  if (kind !== 'saml_idp_service_provider') authorize(caller, kind, 'list', 'read');
  if (kind === 'git_server') throw notImplemented('git_server not implemented at ListResources');
  return { Resources: [], NextKey: '', TotalCount: 0 };
}

function checkLimit({ Limit }: ListResourcesRequest): void {
  if (Limit < 0) throw badParameter('negative parameter limit');
}

const pageSize = ({ Limit }: ListResourcesRequest): number => Limit || DEFAULT_PAGE;

const quoted = (text: string): string => JSON.stringify(text);
