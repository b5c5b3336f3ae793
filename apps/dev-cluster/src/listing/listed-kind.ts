import type { PaginatedResource } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import type { Verb } from '../access/rules.ts';
import type { Usable } from '../access/usable.ts';
import type { PredicateResource } from '../predicate/resource-expression.ts';
import { yamlField } from '../predicate/yaml-field.ts';
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

/** The answers to filters that all kinds have in common; each is made when it is asked for. */
export function describedBy(
  resource: DescribedResource,
  { labels }: Usable,
  own: Partial<PredicateResource> & { readonly alsoSearched?: readonly string[] } = {},
): PredicateResource {
  const { alsoSearched = [], name = nameOf(resource), metadataName, searchableWords, healthStatus } = own;
  return {
    name,
    ...(metadataName !== undefined && { metadataName }),
    ...(searchableWords && { searchableWords }),
    ...(healthStatus !== undefined && { healthStatus }),
    get labels() {
      return Object.fromEntries(labels);
    },
    get staticLabels() {
      return Object.fromEntries(resource.Metadata?.Labels ?? []);
    },
    get searchable() {
      return [...[...labels].flat(), nameOf(resource), ...alsoSearched];
    },
    field: (path) => yamlField(resource, path),
  };
}

export const descriptionOf = (resource: Resource | undefined): string => resource?.Metadata?.Description ?? '';
