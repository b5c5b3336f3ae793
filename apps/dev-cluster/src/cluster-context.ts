import type { Clock } from './clock.ts';
import type { EventHub } from './events/event-hub.ts';
import type { Logger } from './logger.ts';
import type { Rotator } from './rotation/rotator.ts';
import type { Authorities } from './state/authorities.ts';
import type { ClusterState } from './state/cluster-state.ts';

/** What the services stand on. */
export interface ClusterContext {
  readonly state: ClusterState;
  readonly authorities: Authorities;
  readonly rotator: Rotator;
  /** What watchers are told. */
  readonly events: EventHub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverVersion: string;
  /** `localhost:port` of the proxy. */
  readonly proxyPublicAddr: () => string;
}
