import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { ListResourcesRequest, PaginatedResource } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import type { AppServerV3, AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { authorize } from '../access/caller.ts';
import { appLabels } from '../access/role-set.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { notImplemented } from '../errors.ts';
import { compileResourceExpression, matchesSearch, type PredicateResource } from '../predicate/resource-expression.ts';
import { nameOf } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { appServerKey } from '../state/cluster-state.ts';

const DEFAULT_PAGE = 1000;

/** Kinds that the real one lists and this one has nothing of. */
const EMPTY_KINDS = new Set([
  'db_server',
  'db_service',
  'kube_server',
  'kube_cluster',
  'node',
  'windows_desktop',
  'windows_desktop_service',
  'user_group',
  'saml_idp_service_provider',
]);

export function resourceCalls({ state }: ClusterContext): Service {
  return service(AuthServiceDefinition, {
    listResources(request, { caller }) {
      const kind = request.ResourceType;
      if (EMPTY_KINDS.has(kind)) {
        authorize(caller, kind, 'list', 'read');
        return { Resources: [], NextKey: '', TotalCount: 0 };
      }
      if (kind !== 'app_server') throw notImplemented(`resource type ${kind} does not support pagination`);
      authorize(caller, 'app_server', 'list', 'read');
      const matches = matcher(request);
      const isListed = (server: AppServerV3): boolean => {
        const app = server.Spec?.App;
        const mayUse = app !== undefined && (caller.systemRole === 'Admin' || caller.roles.mayUseApp(app));
        return mayUse && matches(describe(app));
      };
      return isSorted(request)
        ? sortedPage(request, state.appServers.values().filter(isListed))
        : keyPage(request, (start, limit) => state.appServers.page(start, limit, isListed));
    },
  });
}

const isSorted = ({ SortBy, NeedTotalCount }: ListResourcesRequest): boolean => !!SortBy?.Field || NeedTotalCount;

const pageSize = ({ Limit }: ListResourcesRequest): number => (Limit <= 0 ? DEFAULT_PAGE : Limit);

interface Page {
  Resources: PaginatedResource[];
  NextKey: string;
  TotalCount: number;
}

function keyPage(
  request: ListResourcesRequest,
  read: (start: string, limit: number) => { items: AppServerV3[]; next: string },
): Page {
  const { items, next } = read(request.StartKey, pageSize(request));
  return { Resources: items.map(paginated), NextKey: next, TotalCount: 0 };
}

/** Sorted lists, and those with a total, are made in memory. */
function sortedPage(request: ListResourcesRequest, servers: AppServerV3[]): Page {
  const field = request.SortBy?.Field ?? '';
  const direction = request.SortBy?.IsDesc ? -1 : 1;
  const sortValueOf = (server: AppServerV3): string => sortValue(server.Spec?.App, field);
  const keyOf = (server: AppServerV3): string => appServerKey(server.Spec?.HostID ?? '', nameOf(server));
  servers.sort((a, b) => direction * (compare(sortValueOf(a), sortValueOf(b)) || compare(keyOf(a), keyOf(b))));
  const from = request.StartKey === '' ? 0 : servers.findIndex((server) => keyOf(server) === request.StartKey);
  const start = from === -1 ? servers.length : from;
  const next = servers[start + pageSize(request)];
  return {
    Resources: servers.slice(start, start + pageSize(request)).map(paginated),
    NextKey: next ? keyOf(next) : '',
    TotalCount: servers.length,
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function sortValue(app: AppV3 | undefined, field: string): string {
  if (!app || field === '') return '';
  if (field === 'name') return nameOf(app);
  if (field === 'description') return app.Metadata?.Description ?? '';
  if (field === 'publicAddr') return app.Spec?.PublicAddr ?? '';
  throw notImplemented(`sort by field ${JSON.stringify(field)} for resource app_server is not supported`);
}

function paginated(server: AppServerV3): PaginatedResource {
  return { resource: { $case: 'AppServer', value: server }, Logins: [], RequiresRequest: false };
}

function matcher({
  Labels,
  SearchKeywords,
  PredicateExpression,
}: ListResourcesRequest): (r: PredicateResource) => boolean {
  const expression = PredicateExpression === '' ? undefined : compileResourceExpression(PredicateExpression);
  return (resource) =>
    [...Labels].every(([key, value]) => resource.labels[key] === value) &&
    matchesSearch(resource.searchable, SearchKeywords) &&
    (expression === undefined || expression(resource));
}

function describe(app: AppV3): PredicateResource {
  const labels = Object.fromEntries(appLabels(app));
  const { Description = '', Revision = '' } = app.Metadata ?? {};
  const { URI = '', PublicAddr = '', Cloud = '', InsecureSkipVerify = false } = app.Spec ?? {};
  const name = nameOf(app);
  return {
    name,
    labels,
    searchable: [...Object.entries(labels).flat(), name, Description, PublicAddr],
    fields: {
      kind: app.Kind,
      sub_kind: app.SubKind,
      version: app.Version,
      metadata: { name, description: Description, labels, revision: Revision },
      spec: { uri: URI, public_addr: PublicAddr, cloud: Cloud, insecure_skip_verify: InsecureSkipVerify },
    },
  };
}
