import type { Clock } from '../clock.ts';
import type { CallOptions, DestinationHost, IdentityRequest } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { leavable } from './leavable.ts';
import { renewals } from './renewals.ts';

/** What {@link renewing} takes: `signal` ends it, `timeoutMs` is for each try (default 60 seconds). */
export interface RenewingOptions extends CallOptions {
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. */
  readonly random?: (() => number) | undefined;
  /** The end of the host, which ends it too; the iteration then rejects with this signal's reason. */
  readonly over?: AbortSignal | undefined;
  /** Whether the process lives on for it. Default true. */
  readonly keepAlive?: boolean | undefined;
}

/** What {@link renewing} needs of a host. */
export type RenewingHost = Pick<DestinationHost, 'generateIdentity' | 'listenForRotation' | 'logger'>;

/**
 * A credential of any host that is renewed before it ends and soon after a rotation, each time with a fresh key pair unless
 * the request brings keys; what stands behind `watchIdentity`. Failed renewals are logged and tried again as long as the
 * last credential lives.
 *
 * @throws TeleportError, out of the iteration, see `DestinationHost.watchIdentity`
 */
export function renewing(
  host: RenewingHost,
  request: IdentityRequest,
  options: RenewingOptions = {},
): AsyncIterable<Identity> {
  return leavable([options.signal, options.over], (signal) => identities(host, request, options, signal));
}

async function* identities(
  host: RenewingHost,
  request: IdentityRequest,
  { timeoutMs, clock, random, keepAlive }: RenewingOptions,
  signal: AbortSignal,
): AsyncGenerator<Identity, void, undefined> {
  const all = renewals<Identity>({
    issue: (until) => host.generateIdentity(request, { signal: until }),
    // The timers of the renewals decide whether the process lives on.
    rotations: (until) => host.listenForRotation({ signal: until, keepAlive: false }),
    tryMs: timeoutMs,
    keepAlive,
    signal,
    clock,
    random,
  });
  for await (const renewal of all) {
    if (renewal.type === 'identity') yield renewal.identity;
    else {
      const { error, expires, nextTry } = renewal;
      host.logger.warn(
        { error: error.message, code: error.code, expires, nextTry },
        'a credential could not be renewed',
      );
    }
  }
}
