import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Authorities } from './state/authorities.ts';
import type { ClusterState } from './state/cluster-state.ts';

/** What the services stand on. */
export interface ClusterContext {
  readonly state: ClusterState;
  readonly authorities: Authorities;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverVersion: string;
  /** `localhost:port` of the proxy. */
  readonly proxyPublicAddr: () => string;
}
