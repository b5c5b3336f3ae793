import type { SignatureSuite } from '@teleport-ts/api-types';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
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
  /** Which algorithms keys use. Default `balanced-v1`, as with a new Teleport 18. */
  readonly signatureSuite?: SignatureSuite;
  /** What the cluster says it is. Default `18.0.0`. */
  readonly serverVersion?: string;
  /** The time that decides about expiry. Should start at about the machine's time, by which clients check servers. */
  readonly clock?: Clock;
  /** Told what is refused and why. Default: nobody. */
  readonly logger?: Logger;
  /** Leaf clusters to start along with this one, which they trust. */
  readonly leaves?: readonly LeafOptions[];
}

/** A leaf is a cluster of its own, on ports of its own, and in a folder below its root's data directory. */
export interface LeafOptions extends Pick<DevClusterOptions, 'authPort' | 'proxyPort' | 'signatureSuite'> {
  readonly name: string;
  /** The leaf's roles that holders of this cluster's roles get there: `{ deployer: ['deployer'] }`. Default: none. */
  readonly roleMap?: RoleMap;
}
