export { Bot } from './bot.ts';
export * from './bot-types.ts';
export * from './clock.ts';
export { RolesRefusedError } from './cluster/own-role.ts';
export * from './config/index.ts';
export * from './destination-host.ts';
export * from './destinations/destination.ts';
export * from './destinations/directory.ts';
export { type FileLocker, pidFileLocker } from './destinations/file-lock.ts';
export * from './destinations/memory.ts';
export * from './destinations/open.ts';
export * from './destinations/uri.ts';
export * from './identity.ts';
export * from './identity-route.ts';
export { botKeyAlgorithm, consumerKeyAlgorithm } from './keys/key-algorithm.ts';
export { generateKeyPair, type KeyPair, tlsPublicKeyPem } from './keys/key-pair.ts';
export * from './logger.ts';
export { matchesPattern } from './name-pattern.ts';
export * from './outputs/application.ts';
export { baseFiles, identityFile } from './outputs/base-files.ts';
export * from './outputs/database.ts';
export * from './outputs/identity.ts';
export * from './outputs/kubernetes.ts';
export * from './outputs/output.ts';
export { type ProxyEndpoints, tlsRoutingEndpoints } from './outputs/proxy-endpoints.ts';
export * from './public-keys.ts';
export { type Backoff, backoffMs } from './retry.ts';
export * from './trusted-authority.ts';
export {
  type Renewable,
  type Renewal,
  type RenewalReason,
  type RenewalsOptions,
  renewals,
} from './watching/renewals.ts';
export { type RenewingHost, type RenewingOptions, renewing } from './watching/renewing.ts';
