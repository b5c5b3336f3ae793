export { CREDENTIAL_KINDS } from '../destination-host.ts';
export { parseClusterAddress } from './cluster-address.ts';
export * from './config.ts';
export { ConfigError, type ConfigIssue } from './config-error.ts';
export { type ConfigSources, loadConfig, parseConfig } from './load-config.ts';
export type { ConfigEnvironment, ConfigFlags } from './overrides.ts';
