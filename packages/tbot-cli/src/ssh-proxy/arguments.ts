/** What a command line of `tbot ssh-proxy-command` says, as text and not yet judged. */
export interface SshProxyArguments {
  readonly host?: string;
  readonly port?: string;
  /** OpenSSH names it, and what is inside the stream decides it. */
  readonly user?: string;
  readonly cluster?: string;
  readonly proxyServer?: string;
  readonly destinationDir?: string;
  readonly socket?: string;
  readonly proxyTemplates?: string;
  readonly timeout?: string;
  readonly roles?: readonly string[];
  readonly tlsRouting?: boolean;
  readonly connectionUpgrade?: boolean;
  /** Connections are not resumed; the ssh_config of Teleport's tbot has it. */
  readonly resume?: boolean;
  readonly insecure?: boolean;
}

/** An option that takes one value. */
export type SshProxyValue = Exclude<keyof SshProxyArguments, 'roles' | SshProxyFlag>;

/** An option that takes none. */
export type SshProxyFlag = 'tlsRouting' | 'connectionUpgrade' | 'resume' | 'insecure';

/** The names on the command line of the options that take one value. */
export const SSH_PROXY_VALUES: Readonly<Record<SshProxyValue, string>> = {
  host: 'host',
  port: 'port',
  user: 'user',
  cluster: 'cluster',
  proxyServer: 'proxy-server',
  destinationDir: 'destination-dir',
  socket: 'socket',
  proxyTemplates: 'proxy-templates',
  timeout: 'timeout',
};

/** The names of those that take none; but for `insecure` each has an opposite, with `no-` before it. */
export const SSH_PROXY_FLAGS: Readonly<Record<SshProxyFlag, string>> = {
  tlsRouting: 'tls-routing',
  connectionUpgrade: 'connection-upgrade',
  resume: 'resume',
  insecure: 'insecure',
};
