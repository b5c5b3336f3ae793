export type { AuthenticationSettings, ConnectorSettings } from './authentication-settings.ts';
export { find, ping } from './find.ts';
export { type JoinRequest, joinOverWeb } from './join.ts';
export { type ProxyAddresses, type ProxyAddressOptions, proxyAddresses } from './proxy-addresses.ts';
export type {
  AutoUpdateSettings,
  DatabaseProxySettings,
  FindAnswer,
  KubeProxySettings,
  PingAnswer,
  ProxySettings,
  SshProxySettings,
} from './proxy-answers.ts';
export type { WebOptions } from './web-request.ts';
