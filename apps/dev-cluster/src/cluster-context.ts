import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TlsIdentity } from '@teleport-ts/api-types';
import type { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { Addresses } from './addresses.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { Clock } from './clock.ts';
import type { EventHub } from './events/event-hub.ts';
import type { Logger } from './logger.ts';
import type { SecondFactors } from './mfa/second-factors.ts';
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
  /** What happened. */
  readonly audit: AuditLog;
  /** What people show beside their certificate. */
  readonly secondFactors: SecondFactors;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverVersion: string;
  readonly addresses: Addresses;
  /** A leaf that can be reached at this moment. */
  readonly leaf: (name: string) => LeafDoor | undefined;
}

/** A leaf, as its root's proxy gets at it. */
export interface LeafDoor {
  readonly context: ClusterContext;
  /** Takes over a connection to the leaf's auth service, from its first byte on. */
  readonly acceptAuth: (socket: Socket) => void;
  /** Passes a request of a user, as the leaf knows it, on to one of the leaf's applications. */
  readonly forward: (access: AppAccess, request: IncomingMessage, response: ServerResponse) => void;
}

/** A user and the application that it may use. */
export interface AppAccess {
  readonly app: AppV3;
  readonly identity: TlsIdentity;
  /** The address that the request comes from, without the port. */
  readonly ip: string;
}
