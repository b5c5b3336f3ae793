import { isTeleportError, toTimestamp } from '@teleport-ts/api-types';
import { AuditLogServiceDefinition } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { type AuditEventJson, auditEventJsonView } from '@teleport-ts/api-types/resources/audit-event';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import {
  type AuditPosition,
  type ChunkPosition,
  formatAuditCursor,
  isChunkPosition,
  parseAuditCursor,
  type SearchPosition,
} from './audit-cursor.ts';
import { searchUnstructuredEventsPage } from './audit-search.ts';

const DAY_MS = 86_400_000;

/** From where on, and how far. */
export interface AuditExportQuery {
  /** Its day (UTC) is the first one. Not looked at where a cursor is given. Default: the day of `to`. */
  readonly from?: Date;
  /** Of the last event that was handled: the export goes on behind it, also in another process. */
  readonly cursor?: string;
  /** Its day (UTC) is the last one, as far as it has come. Default: today. */
  readonly to?: Date;
}

/** An event, and where to go on behind it. */
export interface ExportedAuditEvent {
  readonly event: AuditEventJson;
  /** Made when it is read; a few hundred bytes, more where the cluster keeps a day in many pieces. */
  readonly cursor: string;
}

/**
 * All events from a day on, each once, as their JSON. Made for copying a log elsewhere: keep the cursor of the last event
 * that arrived there, and begin with it the next time. Events of one day may come out of order where the cluster keeps
 * the day in pieces. Clusters whose store has no export (such as one on a single disk) are searched instead.
 *
 * ```ts
 * for await (const { event, cursor } of exportAuditEvents(client, { from: new Date('2026-01-01') })) {
 *   await store(event.fields, cursor);
 * }
 * ```
 *
 * @throws TeleportError `bad_parameter` for a cursor that is none
 */
export async function* exportAuditEvents(
  client: Caller,
  query: AuditExportQuery,
  options?: CallOptions,
): AsyncGenerator<ExportedAuditEvent, void, undefined> {
  const lastDay = query.to ?? new Date();
  const to = new Date(Date.parse(dayOf(lastDay)) + DAY_MS - 1);
  const position = query.cursor === undefined ? undefined : parseAuditCursor(query.cursor);
  if (position && !isChunkPosition(position)) {
    yield* bySearching(client, position, to, options);
    return;
  }
  const start = position ?? { day: dayOf(query.from ?? lastDay), chunks: {} };
  let hasExport = position !== undefined;
  try {
    for await (const exported of byChunks(client, start, to, options)) {
      hasExport = true;
      yield exported;
    }
  } catch (error) {
    if (hasExport || !isTeleportError(error, 'not_implemented')) throw error;
    yield* bySearching(client, { from: Date.parse(start.day), key: '', taken: 0 }, to, options);
  }
}

async function* byChunks(
  client: Caller,
  start: ChunkPosition,
  to: Date,
  options?: CallOptions,
): AsyncGenerator<ExportedAuditEvent, void, undefined> {
  const log = client.service(AuditLogServiceDefinition);
  for (let at = Date.parse(start.day); at <= to.getTime(); at += DAY_MS) {
    const date = toTimestamp(new Date(at));
    const day = dayOf(new Date(at));
    let done = day === start.day ? start.chunks : {};
    const chunks: string[] = [];
    for await (const { chunk } of log.getEventExportChunks({ date }, options)) chunks.push(chunk);
    for (const chunk of chunks) {
      const before = done;
      const behind = (Object.hasOwn(before, chunk) && before[chunk]) || '';
      let last = behind;
      for await (const { event, cursor } of log.exportUnstructuredEvents({ date, chunk, cursor: behind }, options)) {
        last = cursor;
        if (event)
          yield new Exported(auditEventJsonView(event), () => ({ day, chunks: { ...before, [chunk]: cursor } }));
      }
      if (last) done = { ...before, [chunk]: last };
    }
  }
}

const SEARCH_PAGE = 500;

/**
 * The key of an event is known of the last one of a page only; of the others, how far behind the page's own beginning
 * they are.
 */
async function* bySearching(
  client: Caller,
  start: SearchPosition,
  to: Date,
  options?: CallOptions,
): AsyncGenerator<ExportedAuditEvent, void, undefined> {
  let { from, key, taken } = start;
  for (;;) {
    const query = { from: new Date(from), to, pageSize: SEARCH_PAGE, pageToken: key };
    const { items, nextToken } = await searchUnstructuredEventsPage(client, query, options);
    for (const event of items.slice(taken)) {
      taken += 1;
      const position = { from, key, taken };
      yield new Exported(event, () => position);
    }
    if (nextToken === '' || nextToken === key) return;
    // Pages of the same beginning need not have the same length: what is not skipped yet lies on the next one.
    taken = Math.max(0, taken - items.length);
    key = nextToken;
    // The key is looked for from there on. A day is kept by the clock of whoever wrote the event.
    from = Math.max(from, Date.parse(dayOf(items.at(-1)?.time ?? new Date(from))) - DAY_MS);
  }
}

class Exported implements ExportedAuditEvent {
  readonly event: AuditEventJson;
  readonly #position: () => AuditPosition;

  constructor(event: AuditEventJson, position: () => AuditPosition) {
    this.event = event;
    this.#position = position;
  }

  get cursor(): string {
    return formatAuditCursor(this.#position());
  }
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);
