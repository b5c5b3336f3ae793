export { AGENT_VERSION } from './agent-version.ts';
export type { AuditRecord, Outcome } from './audit/audit-record.ts';
export { Daemon, type DaemonOptions, runDaemon } from './daemon.ts';
export { createLogger, type LogFormat, type LoggerOptions } from './logging/logger.ts';
export type { Peer } from './sockets/peer.ts';
export type { PeerReader } from './sockets/peer-credentials.ts';
