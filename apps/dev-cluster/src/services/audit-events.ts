import { goZeroTime } from '@teleport-ts/api-types';
import type { Timestamp } from '@teleport-ts/api-types/proto/google/protobuf/timestamp';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { ClusterAuditConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/cluster_audit_config';
import { authorizeConfig } from '../access/authorize-kind.ts';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';

/**
 * Searching the audit log by typed events. The orders are the wrong way round on the wire: who asks for the newest first
 * (0) is answered the oldest first.
 */
export function auditCalls({ audit }: ClusterContext): Service {
  const config = ClusterAuditConfigV2.fromPartial({
    Kind: 'cluster_audit_config',
    Version: 'v2',
    Metadata: metadataOf({ name: 'cluster-audit-config' }),
    Spec: { AuditEventsURI: { Values: [] } },
  });
  return service(AuthServiceDefinition, {
    getEvents({ StartDate, EndDate, EventTypes, Limit, StartKey, Order }, { caller }) {
      authorize(caller, 'event', 'list');
      const { records, lastKey } = audit.search({
        from: millisecondsOf(StartDate),
        to: millisecondsOf(EndDate),
        types: EventTypes,
        limit: Limit,
        startKey: StartKey,
        newestFirst: newestFirst(Order),
      });
      return { Items: records.map(({ event }) => ({ Event: event })), LastKey: lastKey };
    },
    getClusterAuditConfig(_request, { caller }) {
      authorizeConfig(caller, 'cluster_audit_config', 'read');
      return config;
    },
    // No session is ever recorded here.
    getSessionEvents(_request, { caller }) {
      authorize(caller, 'session', 'list');
      return { Items: [], LastKey: '' };
    },
  });
}

/** The order of a search, by its number on the wire. */
export function newestFirst(order: number): boolean {
  if (order !== 0 && order !== 1) throw badParameter(`invalid event order: ${order}`);
  return order === 1;
}

function millisecondsOf(time: Timestamp | undefined): number {
  const { seconds, nanos } = time ?? goZeroTime();
  return Number(seconds) * 1000 + nanos / 1e6;
}
