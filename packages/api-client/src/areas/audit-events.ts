export { type AuditExportQuery, type ExportedAuditEvent, exportAuditEvents } from './audit-export.ts';
export {
  type AuditQuery,
  searchAuditEvents,
  searchAuditEventsPage,
  searchUnstructuredEvents,
  searchUnstructuredEventsPage,
} from './audit-search.ts';
