/** How a cluster's proxy is reached by programs that do not find it out themselves. */
export interface ProxyEndpoints {
  /** `host:port` for SSH; with TLS routing the web address. */
  readonly ssh: string;
  /** `host:port` for Kubernetes; with TLS routing the web address. Absent where the proxy serves no Kubernetes clusters. */
  readonly kubernetes?: string;
  /** One port for everything, told apart by ALPN and server name. */
  readonly tlsRouting: boolean;
  /** Something in front of the proxy ends TLS: connections must be upgraded inside HTTP. */
  readonly connectionUpgrade: boolean;
}

/**
 * The endpoints of a proxy that has everything on its web address, as it has unless a cluster was told otherwise or set up
 * with a configuration of the first version.
 *
 * @param webAddress `host:port`
 */
export function tlsRoutingEndpoints(webAddress: string): ProxyEndpoints {
  return { ssh: webAddress, kubernetes: webAddress, tlsRouting: true, connectionUpgrade: false };
}

/** The host of `host:port`, without the brackets of an IPv6 address. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
