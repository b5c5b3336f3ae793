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
  readonly resume?: boolean;
  readonly insecure?: boolean;
}
