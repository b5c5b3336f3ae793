import type { SignatureSuite } from '@teleport-ts/api-types';
import { Addresses, type ClusterPorts } from './addresses.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { ClusterFacts } from './state/cluster-state.ts';
import type { RoleMap } from './trust/leaf-clusters.ts';

/** What `DevCluster.start` takes. */
export interface DevClusterOptions {
  /** Default `dev.cluster`. */
  readonly name?: string;
  /** Where the state is kept; without it the cluster is forgotten when it stops. Made when it is not there. */
  readonly dataDir?: string;
  /** The address to listen on. Default 127.0.0.1: the cluster is not made to be reached from elsewhere. */
  readonly host?: string;
  /** Default: the port that the data directory remembers, else any free one. */
  readonly authPort?: number;
  /** Default: the port that the data directory remembers, else any free one. */
  readonly proxyPort?: number;
  /**
   * `multiplex`: everything shares the proxy's web port. `separate`: SSH (with it gRPC over mTLS) and tunnels have ports
   * of their own, and clients are told so; the web port goes on serving all. Default `multiplex`.
   */
  readonly proxyListenerMode?: 'multiplex' | 'separate';
  /** With `separate`. Default: the port that the data directory remembers, else any free one. */
  readonly proxySshPort?: number;
  /** With `separate`. Default: the port that the data directory remembers, else any free one. */
  readonly proxyTunnelPort?: number;
  /** The web port speaks plain HTTP, as after `teleport start --insecure-no-tls`: nothing goes by ALPN there. */
  readonly insecureNoTls?: boolean;
  /**
   * What clients are told the proxy's web address is, `host:port`, when something stands in front of it. Default: its own
   * address.
   */
  readonly proxyPublicAddr?: string | (() => string);
  /** Which algorithms keys use. Default `balanced-v1`, as with a new Teleport 18. */
  readonly signatureSuite?: SignatureSuite;
  /** What the cluster says it is. Default `18.0.0`. */
  readonly serverVersion?: string;
  /** The time that decides about expiry. Should start at about the machine's time, by which clients check servers. */
  readonly clock?: Clock;
  /** Told what is refused and why. Default: nobody. */
  readonly logger?: Logger;
  /** Whether to listen. Default true; without it there are only the state in the data directory and what sets it. */
  readonly listen?: boolean;
  /** Leaf clusters to start along with this one, which they trust. */
  readonly leaves?: readonly LeafOptions[];
}

/** A leaf is a cluster of its own, on ports of its own, and in a folder below its root's data directory. */
export interface LeafOptions
  extends Pick<
    DevClusterOptions,
    | 'authPort'
    | 'proxyPort'
    | 'proxyListenerMode'
    | 'proxySshPort'
    | 'proxyTunnelPort'
    | 'insecureNoTls'
    | 'signatureSuite'
  > {
  readonly name: string;
  /** The leaf's roles that holders of this cluster's roles get there: `{ deployer: ['deployer'] }`. Default: none. */
  readonly roleMap?: RoleMap;
}

/** Where a cluster with these options is reached. */
export function addressesOf(options: DevClusterOptions, facts: ClusterFacts): Addresses {
  const { host = '127.0.0.1', proxyPublicAddr } = options;
  const proxyPublic = typeof proxyPublicAddr === 'string' ? () => proxyPublicAddr : proxyPublicAddr;
  return new Addresses(host, portsToUse(options, facts), proxyPublic);
}

/** Those that are asked for, else those that are remembered, else 0 for any that is free. */
function portsToUse(options: DevClusterOptions, facts: ClusterFacts): ClusterPorts {
  return {
    auth: options.authPort ?? facts.authPort ?? 0,
    proxy: options.proxyPort ?? facts.proxyPort ?? 0,
    ...(options.proxyListenerMode === 'separate' && {
      ssh: options.proxySshPort ?? facts.proxySshPort ?? 0,
      tunnel: options.proxyTunnelPort ?? facts.proxyTunnelPort ?? 0,
    }),
  };
}
