export { AGENT_VERSION } from './agent-version.ts';
export type { ChainHead } from './audit/audit-chain.ts';
export type { AuditRecord, Outcome } from './audit/audit-record.ts';
export {
  type ChainFinding,
  type ChainReport,
  type VerifyOptions,
  verifyAuditFiles,
} from './audit/verify-chain.ts';
export { Daemon, type DaemonOptions, runDaemon } from './daemon.ts';
export { createLogger, type LogFormat, type LoggerOptions } from './logging/logger.ts';
export type { Peer } from './sockets/peer.ts';
export type { PeerReader } from './sockets/peer-credentials.ts';
export { type InheritedSocket, inheritedSockets } from './systemd/inherited-sockets.ts';
export { ServiceManager, type ServiceManagerOptions } from './systemd/service-manager.ts';
