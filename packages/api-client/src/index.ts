export {
  type ErrorCode,
  type GenericDefinition,
  isTeleportError,
  TELEPORT_API_VERSION,
  TeleportError,
} from '@teleport-ts/api-types';
export type { BreakerOptions, BreakerState } from './calls/breaker.ts';
export type { CallPolicy } from './calls/call-environment.ts';
export type { CallOptions, RetryOptions } from './calls/call-options.ts';
export type { Caller } from './calls/caller.ts';
export type { MfaAnswer, MfaPrompt, MfaPromptContext } from './calls/mfa-prompt.ts';
export type { ServerInfo } from './calls/ping.ts';
export type { RetryBudgetOptions } from './calls/retry-budget.ts';
export type { CallableName, MethodCall, ServiceClient, UnaryName } from './calls/service-client.ts';
export type { Client, ConnectionInfo } from './client.ts';
export type { ClientOptions } from './client-options.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { connect } from './connect.ts';
export type { ReloadOptions } from './connection/credential-renewal.ts';
export type { CredentialSet } from './credentials/credential-set.ts';
export type { CredentialParts, CredentialSource } from './credentials/credential-source.ts';
export { firstOf } from './credentials/first-of.ts';
export { fromFunction } from './credentials/from-function.ts';
export { loadIdentityFile, loadIdentityString } from './credentials/identity-file.ts';
export { loadKeyPair } from './credentials/load-key-pair.ts';
export { loadProfile } from './credentials/load-profile.ts';
export { loadTLS } from './credentials/load-tls.ts';
export type { CustomDialer, DialStrategy } from './dialing/custom-dialer.ts';
export { ConnectError, type DialAttempt, type DialMethod, type DialStage } from './dialing/dial-attempt.ts';
export type { LeafOptions } from './leaf-clients.ts';
export { type Logger, silentLogger } from './logger.ts';
export type { ClientStatus } from './status/client-status.ts';
export {
  type CallDiagnostics,
  type CredentialDiagnostics,
  DIAGNOSTICS,
  type DialDiagnostics,
  type Outcome,
  type WatchDiagnostics,
} from './status/diagnostics.ts';
