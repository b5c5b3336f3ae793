export type {
  ApplicationIdentityRequest,
  CallOptions,
  CommonIdentityRequest,
  DestinationHost,
  IdentityRequest,
  PublicKeys,
} from '../destination-host.ts';
export type { Destination, DestinationLock, FileSet, WriteResult } from '../destinations/destination.ts';
export { DirectoryDestination, type DirectoryOptions } from '../destinations/directory.ts';
export { MemoryDestination } from '../destinations/memory.ts';
export { openDestination } from '../destinations/open.ts';
export { type DestinationAddress, parseDestinationUri } from '../destinations/uri.ts';
export { Identity, type IdentityParts } from '../identity.ts';
export type { ApplicationRoute, IdentityRoute, TtlDecision } from '../identity-route.ts';
export { type Logger, silentLogger } from '../logger.ts';
export {
  type ApplicationOutputOptions,
  applicationFiles,
  type OutputResult,
  writeApplicationOutput,
} from '../outputs/application.ts';
export { type AuthorityType, type TrustedAuthority, tlsCertificatesOf } from '../trusted-authority.ts';
export type { AgentDescription } from './agent-description.ts';
export type { AgentBotStatus, AgentSocketStatus, AgentStatus } from './agent-status.ts';
export { SocketHost, type SocketHostOptions } from './socket-host.ts';
export { parseSocketPath } from './socket-path.ts';
