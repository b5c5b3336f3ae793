import {
  ListResourcesRequest,
  ListResourcesResponse,
  type PaginatedResource,
} from '@teleport-ts/api-types/proto/teleport/proto/resources';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import type { FetchPage, Page, PageQuery } from './pages.ts';

const Lists = authMethods({
  listResources: unary('ListResources', ListResourcesRequest, ListResourcesResponse),
});

/** What a list is narrowed to; all must hold. */
export interface ResourceFilter {
  /** Each label with exactly this value. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Each must be in the name, an address or a label. */
  readonly searchKeywords?: readonly string[];
  /**
   * Teleport's predicate language: `labels["env"] == "prod" && hasPrefix(name, "db")`. Sent as it is: never paste a text
   * of somebody else into it.
   */
  readonly predicate?: string;
}

/** Which resources, in which order. */
export interface ResourceQuery extends PageQuery, ResourceFilter {
  /** `name`, and what else the kind knows. The cluster then loads the whole list for each page. */
  readonly sort?: { readonly field: string; readonly descending?: boolean };
  /** Also what the caller could reach by an access request. */
  readonly useSearchAsRoles?: boolean;
  /** Also what the caller could look at while it reviews. */
  readonly usePreviewAsRoles?: boolean;
}

/** A thing of a list, with what the caller may do with it. */
export type Listed<T> = T & {
  /** The caller's logins there; of nodes only, and only where the query includes them. */
  readonly logins: readonly string[];
  /** Reached by an access request only. */
  readonly requiresRequest: boolean;
};

/** The fields that both listing calls share. */
export function filterFields(query: ResourceQuery): {
  Labels: Map<string, string>;
  SearchKeywords: string[];
  PredicateExpression: string;
  SortBy: { IsDesc: boolean; Field: string };
  UseSearchAsRoles: boolean;
  UsePreviewAsRoles: boolean;
} {
  return {
    Labels: new Map(Object.entries(query.labels ?? {})),
    SearchKeywords: [...(query.searchKeywords ?? [])],
    PredicateExpression: query.predicate ?? '',
    SortBy: { IsDesc: query.sort?.descending ?? false, Field: query.sort?.field ?? '' },
    UseSearchAsRoles: query.useSearchAsRoles ?? false,
    UsePreviewAsRoles: query.usePreviewAsRoles ?? false,
  };
}

/** Pages of one kind. */
export function resourcePages<T>(
  client: Caller,
  kind: string,
  query: ResourceQuery & { readonly includeLogins?: boolean },
  view: (resource: NonNullable<PaginatedResource['resource']>) => T | undefined,
  options?: CallOptions,
): FetchPage<Listed<T>> {
  return async (size, token): Promise<Page<Listed<T>>> => {
    const request = {
      ...filterFields(query),
      ResourceType: kind,
      Limit: size,
      StartKey: token,
      IncludeLogins: query.includeLogins ?? false,
    };
    const { Resources, NextKey } = await client.unary(Lists, 'listResources', request, options);
    return { items: listed(Resources, view), nextToken: NextKey };
  };
}

/** The views of what came; what came of another kind is left out. */
export function listed<T>(
  resources: readonly PaginatedResource[],
  view: (resource: NonNullable<PaginatedResource['resource']>) => T | undefined,
): Listed<T>[] {
  return resources.flatMap(({ resource, Logins, RequiresRequest }) => {
    const item = resource && view(resource);
    return item === undefined ? [] : [{ ...item, logins: Logins, requiresRequest: RequiresRequest }];
  });
}
