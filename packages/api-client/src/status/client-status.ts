import type { TeleportError } from '@teleport-ts/api-types';
import type { DialMethod } from '../dialing/dial-attempt.ts';

/** A way that calls can go. */
type CallingMethod = Exclude<DialMethod, 'find'>;

/** What a client says of itself, see `Client.status`. Nothing in it is secret. */
export type ClientStatus =
  /** A connection is being made; `attempt` counts from 1 since there was one. */
  | {
      readonly type: 'connecting';
      readonly method: CallingMethod;
      /** `host:port` */
      readonly address: string;
      readonly attempt: number;
    }
  /** New calls go this way. */
  | {
      readonly type: 'ready';
      readonly method: CallingMethod;
      /** `host:port` */
      readonly address: string;
      /** Of Teleport, such as `18.0.0`. */
      readonly serverVersion: string;
    }
  /** The connection was lost, or could not be made; the next attempt begins after `delayMs`. */
  | {
      readonly type: 'reconnecting';
      readonly attempt: number;
      readonly delayMs: number;
      readonly cause: TeleportError;
    }
  /**
   * `reloaded`: new calls use a new credential. `invalid`: there is a new one that cannot be used, the old one stays.
   * `expiring`: it ends soon and there is no new one. `expired`: it has ended.
   */
  | {
      readonly type: 'credentials';
      readonly event: 'reloaded' | 'expiring' | 'expired' | 'invalid';
      readonly notAfter?: Date;
      readonly cause?: TeleportError;
    }
  /**
   * Calls fail one after another (`tripped`: none is sent until `until`), are being tried out again (`recovering`), or go
   * as they should (`standby`).
   */
  | {
      readonly type: 'breaker';
      readonly endpoint: 'unary' | 'streams';
      readonly state: 'standby' | 'tripped' | 'recovering';
      readonly until?: Date;
    }
  /** The server's version is no longer what it was (`skew`), or one that this client does not support. */
  | {
      readonly type: 'version';
      readonly verdict: 'skew' | 'too-old' | 'too-new';
      /** Version of the server. */
      readonly server: string;
    }
  /** The last one. */
  | { readonly type: 'closed'; readonly cause?: TeleportError };
