import { type Channel, channel } from 'node:diagnostics_channel';
import type { ErrorCode } from '@teleport-ts/api-types';
import type { DialMethod, DialStage } from '../dialing/dial-attempt.ts';

/**
 * The names of the channels of `node:diagnostics_channel` that clients publish to. The messages hold no key, certificate,
 * token, header, request or answer; making them costs nothing while nobody has subscribed.
 *
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 *
 * subscribe(DIAGNOSTICS.call, (message) => {
 *   const call = message as CallDiagnostics;
 *   if (call.event !== 'start') histogram.record(call.durationMs, { rpc: call.rpc });
 * });
 * ```
 */
export const DIAGNOSTICS: {
  /** Each try of each call: {@link CallDiagnostics}. */
  readonly call: 'teleport.api-client.call';
  /** Each attempt to reach a cluster: {@link DialDiagnostics}. */
  readonly dial: 'teleport.api-client.dial';
  /** Credentials that changed, end soon or cannot be used: {@link CredentialDiagnostics}. */
  readonly credentials: 'teleport.api-client.credentials';
  /** Watches: {@link WatchDiagnostics}. */
  readonly watch: 'teleport.api-client.watch';
} = {
  call: 'teleport.api-client.call',
  dial: 'teleport.api-client.dial',
  credentials: 'teleport.api-client.credentials',
  watch: 'teleport.api-client.watch',
};

/** How something went that takes time; `durationMs` in milliseconds since its start. */
export type Outcome =
  | { readonly event: 'start' }
  | { readonly event: 'end'; readonly durationMs: number }
  /** `code` is that of a `TeleportError`; `canceled` when the caller gave up. */
  | { readonly event: 'error'; readonly durationMs: number; readonly code: ErrorCode };

/** One try of a call, published on `teleport.api-client.call`. A stream ends when it has been read or left. */
export type CallDiagnostics = Outcome & {
  /** The same for all tries of one call; unique in the process. */
  readonly id: number;
  /** `/proto.AuthService/GetRole` */
  readonly rpc: string;
  /** From 1. */
  readonly attempt: number;
};

/** One attempt to reach a cluster, published on `teleport.api-client.dial`. */
export type DialDiagnostics = Outcome & {
  readonly method: DialMethod;
  /** `host:port` */
  readonly address: string;
  /** How far it came, with `error`. */
  readonly stage?: DialStage;
};

/** What became of a credential, published on `teleport.api-client.credentials`. */
export interface CredentialDiagnostics {
  readonly event: 'reloaded' | 'expiring' | 'expired' | 'invalid';
  /** When the credential ends. */
  readonly notAfter?: Date;
  /** Why it cannot be used. */
  readonly code?: ErrorCode;
}

/** A watch, published on `teleport.api-client.watch`: one stream from `start` to `end` or `error`. */
export type WatchDiagnostics = Outcome & {
  /** The same for all streams of one watch; unique in the process. */
  readonly id: number;
  /** What it watches, `role`, `access_request`. */
  readonly kinds: readonly string[];
  /** From 1. */
  readonly attempt: number;
  /** Events that came, with `end` and `error`. */
  readonly events?: number;
};

export const callChannel: Channel<unknown, CallDiagnostics> = channel(DIAGNOSTICS.call) as Channel<
  unknown,
  CallDiagnostics
>;
export const dialChannel: Channel<unknown, DialDiagnostics> = channel(DIAGNOSTICS.dial) as Channel<
  unknown,
  DialDiagnostics
>;
export const credentialsChannel: Channel<unknown, CredentialDiagnostics> = channel(DIAGNOSTICS.credentials) as Channel<
  unknown,
  CredentialDiagnostics
>;
export const watchChannel: Channel<unknown, WatchDiagnostics> = channel(DIAGNOSTICS.watch) as Channel<
  unknown,
  WatchDiagnostics
>;
