import {
  ListUnifiedResourcesRequest,
  ListUnifiedResourcesResponse,
  type PaginatedResource,
} from '@teleport-ts/api-types/proto/teleport/proto/resources';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import type { FetchPage, Page } from './pages.ts';
import { filterFields, type Listed, listed, type ResourceQuery } from './resource-list.ts';

const Lists = authMethods({
  listUnifiedResources: unary('ListUnifiedResources', ListUnifiedResourcesRequest, ListUnifiedResourcesResponse),
});

/** Pages of what can be reached, each thing once, however many services serve it. */
export function unifiedPages<T>(
  client: Caller,
  kinds: readonly string[],
  query: ResourceQuery & { readonly includeLogins?: boolean },
  view: (resource: NonNullable<PaginatedResource['resource']>) => T | undefined,
  options?: CallOptions,
): FetchPage<Listed<T>> {
  return async (size, token): Promise<Page<Listed<T>>> => {
    const request = {
      ...filterFields(query),
      Kinds: [...kinds],
      Limit: size,
      StartKey: token,
      IncludeLogins: query.includeLogins ?? false,
    };
    const { Resources, NextKey } = await client.unary(Lists, 'listUnifiedResources', request, options);
    return { items: listed(Resources, view), nextToken: NextKey };
  };
}
