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
  type WatchOptions,
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
export { matchesPattern } from '../name-pattern.ts';
export { type ApplicationOutputOptions, applicationFiles, applicationOutput } from '../outputs/application.ts';
export { baseFiles, identityFile } from '../outputs/base-files.ts';
export {
  DATABASE_FORMATS,
  type DatabaseFormat,
  type DatabaseOutputOptions,
  databaseFiles,
  databaseOutput,
} from '../outputs/database.ts';
export { type IdentityOutputOptions, identityFiles, identityOutput } from '../outputs/identity.ts';
export { type KubernetesOutputOptions, kubernetesFiles, kubernetesOutput } from '../outputs/kubernetes.ts';
export { type Output, type OutputResult, writeOutput } from '../outputs/output.ts';
export { type ProxyEndpoints, tlsRoutingEndpoints } from '../outputs/proxy-endpoints.ts';
export { type AuthorityType, type TrustedAuthority, tlsCertificatesOf } from '../trusted-authority.ts';
export type { AgentDescription } from './agent-description.ts';
export type { AgentBotStatus, AgentServiceStatus, AgentSocketStatus, AgentStatus } from './agent-status.ts';
export type { KeepingTime } from './keep-renewing.ts';
export { type KeepIdentityOptions, type KeptIdentity, keepIdentity } from './kept-identity.ts';
export { type CredentialHost, type SocketCredentialsOptions, socketCredentials } from './socket-credentials.ts';
export { SocketHost, type SocketHostOptions } from './socket-host.ts';
export { parseSocketPath } from './socket-path.ts';
