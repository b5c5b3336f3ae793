import type { Timestamp } from '@teleport-ts/api-types/proto/google/protobuf/timestamp';
import type { EventUnstructured } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log';
import { AuditLogServiceDefinition } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { authorize } from '../access/caller.ts';
import { type AuditRecord, unstructured } from '../audit/audit-log.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { type Service, service } from '../rpc/service.ts';
import { toTimestamp } from '../timestamps.ts';
import { newestFirst } from './audit-events.ts';

/**
 * Events as JSON: searched, or exported a day at a time. Here a day is one chunk; where an export ended, the cursor of
 * its last event goes on.
 */
export function auditLogService({ audit }: ClusterContext): Service {
  return service(AuditLogServiceDefinition, {
    getUnstructuredEvents(request, { caller }) {
      authorize(caller, 'event', 'list');
      const { records, lastKey } = audit.search({
        from: millisecondsOf(request.startDate),
        to: millisecondsOf(request.endDate),
        types: request.eventTypes,
        limit: request.limit,
        startKey: request.startKey,
        newestFirst: newestFirst(request.order),
      });
      return { items: records.map(toUnstructured), lastKey };
    },
    async *getEventExportChunks({ date }, { caller }) {
      authorize(caller, 'event', 'list');
      const at = requiredDay(date);
      if (audit.ofDay(at).length > 0) yield { chunk: chunkOf(at) };
    },
    async *exportUnstructuredEvents({ date, chunk, cursor }, { caller }) {
      authorize(caller, 'event', 'list');
      const at = requiredDay(date);
      if (chunk === '') throw badParameter('missing required parameter "chunk"');
      if (chunk !== chunkOf(at)) throw notFound(`chunk ${JSON.stringify(chunk)} not found`);
      for (const record of audit.ofDay(at, cursor)) yield { event: toUnstructured(record), cursor: record.id };
    },
  });
}

const toUnstructured = (record: AuditRecord): EventUnstructured => ({
  type: record.event.value.Metadata?.Type ?? '',
  id: record.id,
  time: toTimestamp(record.at),
  index: 0n,
  unstructured: unstructured(record),
});

/** Without a time it is 1970 in messages of the newer API. */
const millisecondsOf = (time: Timestamp | undefined): number =>
  time ? Number(time.seconds) * 1000 + time.nanos / 1e6 : 0;

function requiredDay(date: Timestamp | undefined): number {
  if (!date) throw badParameter('missing required parameter "date"');
  return millisecondsOf(date);
}

const chunkOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
