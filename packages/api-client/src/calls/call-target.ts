import type { Client, Metadata } from '@grpc/grpc-js';
import type { TeleportError } from '@teleport-ts/api-types';
import type { Route } from '../dialing/route.ts';

/** Something that runs until it is over or called off. */
export interface Cancelable {
  cancel(): void;
}

/** What a call asks of a connection. */
export interface CallTarget {
  readonly grpc: Pick<Client, 'makeUnaryRequest' | 'makeServerStreamRequest'>;
  /** What every call carries; never changed. */
  readonly metadata: Metadata;
  /** What runs. */
  readonly calls: Set<Cancelable>;
  readonly closed: boolean;
  /** Why new calls are refused without being sent; they are not while it is undefined. */
  readonly refusal?: TeleportError | undefined;
  /** Absent where there is no network below. */
  readonly route?: Route;
  /** Why the latest attempt to connect failed, unless one has worked since. */
  readonly lastFailure?: TeleportError | undefined;
  /** Takes note of a call that the process need not live on for; where it is absent, of all that run alike. */
  inBackground?(call: Cancelable): void;
  /** To be called when a call is over. */
  finished(call: Cancelable): void;
  /** The error for a call that ended with a status other than OK. */
  error(status: { code: number; details: string }, rpc: string): TeleportError;
}

/** What the calls of a client go to. */
export interface CallTargets {
  /** To be asked anew for every try. */
  readonly current: CallTarget;
  readonly closed: boolean;
}
