import { toTimestamp } from '@teleport-ts/api-types';
import { AuditLogServiceDefinition } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { Events, GetEventsRequest } from '@teleport-ts/api-types/proto/teleport/proto/audit';
import {
  type AuditEvent,
  type AuditEventJson,
  auditEventJsonView,
  auditEventView,
} from '@teleport-ts/api-types/resources/audit-event';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page, type PageQuery } from './pages.ts';

const Search = authMethods({ searchEvents: unary('GetEvents', GetEventsRequest, Events) });

/** Which events. */
export interface AuditQuery extends PageQuery {
  /** The first moment. */
  readonly from: Date;
  /** The last one. Default: now. */
  readonly to?: Date;
  /** Such as `['user.login', 'cert.create']`. Default: all. */
  readonly types?: readonly string[];
  /** Default `oldest-first`. */
  readonly order?: 'oldest-first' | 'newest-first';
}

/** The numbers on the wire. The contract calls 0 descending, but Teleport 18 answers it the oldest first. */
const ORDER = { 'oldest-first': 0, 'newest-first': 1 } as const;

/**
 * What happened, page by page as it is taken, with the message of each event; `timeoutMs` is for each page.
 *
 * ```ts
 * const from = new Date(Date.now() - 86_400_000);
 * for await (const { time, user } of searchAuditEvents(client, { from, types: ['user.login'] })) console.log(time, user);
 * ```
 */
export function searchAuditEvents(client: Caller, query: AuditQuery, options?: CallOptions): AsyncIterable<AuditEvent> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link searchAuditEvents}. */
export function searchAuditEventsPage(
  client: Caller,
  query: AuditQuery,
  options?: CallOptions,
): Promise<Page<AuditEvent>> {
  return onePage(pages(client, query, options), query);
}

function pages(client: Caller, query: AuditQuery, options?: CallOptions): FetchPage<AuditEvent> {
  const { types = [], order = 'oldest-first', from, to = new Date() } = query;
  return async (size, token) => {
    const request = {
      Namespace: 'default',
      StartDate: toTimestamp(from),
      EndDate: toTimestamp(to),
      EventTypes: [...types],
      Limit: size,
      StartKey: token,
      Order: ORDER[order],
    };
    const { Items, LastKey } = await client.unary(Search, 'searchEvents', request, options);
    return { items: Items.map(auditEventView), nextToken: LastKey };
  };
}

/** As {@link searchAuditEvents}, with each event as its JSON: nothing is lost of kinds that this version does not know. */
export function searchUnstructuredEvents(
  client: Caller,
  query: AuditQuery,
  options?: CallOptions,
): AsyncIterable<AuditEventJson> {
  return allPages(jsonPages(client, query, options), query);
}

/** One page of {@link searchUnstructuredEvents}. */
export function searchUnstructuredEventsPage(
  client: Caller,
  query: AuditQuery,
  options?: CallOptions,
): Promise<Page<AuditEventJson>> {
  return onePage(jsonPages(client, query, options), query);
}

function jsonPages(client: Caller, query: AuditQuery, options?: CallOptions): FetchPage<AuditEventJson> {
  const { types = [], order = 'oldest-first', from, to = new Date() } = query;
  return async (size, token) => {
    const request = {
      namespace: 'default',
      startDate: toTimestamp(from),
      endDate: toTimestamp(to),
      eventTypes: [...types],
      limit: size,
      startKey: token,
      order: ORDER[order],
    };
    const answer = await client.unary(AuditLogServiceDefinition, 'getUnstructuredEvents', request, options);
    return { items: answer.items.map(auditEventJsonView), nextToken: answer.lastKey };
  };
}
