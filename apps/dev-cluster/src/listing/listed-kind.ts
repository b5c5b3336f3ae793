import type { PaginatedResource } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import type { Verb } from '../access/rules.ts';
import type { Usable, UsableKind } from '../access/usable.ts';
import type { PredicateResource } from '../predicate/resource-expression.ts';
import { nameOf, type Resource } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { Collection } from '../store/collection.ts';

/** How heartbeats of one kind are listed; what they speak of is the application, the database, the cluster, the node. */
export interface ListedKind<S extends Resource = never> {
  readonly kind: string;
  /** The kind whose rules decide who may list. */
  readonly ruleKind: string;
  readonly verbs: readonly Verb[];
  /** Whether the namespace that a request names is looked at; only `default` is left of them. */
  readonly hasNamespace: 'always' | 'in pages' | 'never';
  /** Lists of this kind are always made as a whole, as if a total had been asked for. */
  readonly alwaysWhole?: boolean;
  /** Whether equal resources of several hosts can be told to be one. Without, a total cannot be had. */
  readonly hasDuplicates: boolean;
  servers(state: ClusterState): Collection<S>;
  /** The key at which a page may begin. */
  keyOf(server: S): string;
  /** What roles grant access to. */
  usable(server: S): Usable;
  /** What filters ask. */
  describe(server: S): PredicateResource;
  /** What makes two heartbeats speak of the same thing. */
  identity(server: S): string;
  readonly sortFields: Readonly<Record<string, (server: S) => string>>;
  paginated(server: S): NonNullable<PaginatedResource['resource']>;
}

/** What {@link describedBy} reads of a resource. */
export interface DescribedResource extends Resource {
  readonly Spec: unknown;
}

/** The answers to a predicate that all kinds have in common. */
export function describedBy(
  resource: DescribedResource,
  { labels }: Usable,
  own: Partial<PredicateResource> & { readonly alsoSearched?: readonly string[] } = {},
): PredicateResource {
  const { alsoSearched = [], ...rest } = own;
  const name = nameOf(resource);
  const everyLabel = Object.fromEntries(labels);
  return {
    name,
    labels: everyLabel,
    staticLabels: Object.fromEntries(resource.Metadata?.Labels ?? []),
    searchable: [...Object.entries(everyLabel).flat(), name, ...alsoSearched],
    get fields() {
      return yamlFields(resource);
    },
    ...rest,
  };
}

export const descriptionOf = (resource: Resource | undefined): string => resource?.Metadata?.Description ?? '';

/** What the real one does not tell: it has no name in YAML. */
const HIDDEN = new Set(['Namespace', '_unknownFields']);

/** A message as its YAML has it: `PublicAddr` is `public_addr`. */
function yamlFields(message: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    if (!HIDDEN.has(name)) fields[yamlName(name)] = yamlValue(value);
  }
  return fields;
}

function yamlValue(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, yamlValue(member)]));
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return value;
  return yamlFields(value);
}

/** `CACert` is `ca_cert`, `ProxyIDs` `proxy_ids`, `MySQL` `mysql`. */
function yamlName(name: string): string {
  return name
    .replace('MySQL', 'Mysql')
    .replace('IDs', 'Ids')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

/** The kinds of `ListUnifiedResources` and those that their heartbeats have. */
export const UNIFIED_KINDS: Readonly<Record<UsableKind, string>> = {
  app: 'app_server',
  db: 'db_server',
  kube_cluster: 'kube_server',
  node: 'node',
};
