export {
  type ApplicationIdentityRequest,
  type CallOptions,
  type CaRotation,
  type CommonIdentityRequest,
  CREDENTIAL_KINDS,
  type CredentialKind,
  type DatabaseIdentityRequest,
  type DestinationHost,
  type IdentityRequest,
  type KubernetesIdentityRequest,
  type PlainIdentityRequest,
  type PublicKeys,
} from '../destination-host.ts';
export { blockingFileSystem } from '../destinations/blocking-file-system.ts';
export type { Destination, DestinationLock, FileSet, WriteResult } from '../destinations/destination.ts';
export { DirectoryDestination, type DirectoryOptions } from '../destinations/directory.ts';
export { MemoryDestination } from '../destinations/memory.ts';
export { openDestination } from '../destinations/open.ts';
export { type DestinationAddress, parseDestinationUri } from '../destinations/uri.ts';
export { Identity, type IdentityParts } from '../identity.ts';
export type {
  ApplicationRoute,
  DatabaseRoute,
  IdentityRoute,
  KubernetesRoute,
  TtlDecision,
} from '../identity-route.ts';
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
