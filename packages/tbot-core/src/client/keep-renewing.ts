import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { DestinationHost, IdentityRequest } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { backoffMs } from '../retry.ts';
import { renewals } from '../watching/renewals.ts';

/** Between two tries once the last credential has ended. */
const RETRY = { firstMs: 1_000, maxMs: 60_000, floorMs: 500 };

/** Time and chance of a kept credential. */
export interface KeepingTime {
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. */
  readonly random?: (() => number) | undefined;
}

interface Keeping extends KeepingTime {
  /** The credential that is there already. */
  readonly held: Identity;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onIdentity: (identity: Identity) => void;
  readonly onFailure: (error: TeleportError) => void;
}

/**
 * Renews a credential until it is told to stop, in the background: the process does not live on for it. When the last
 * credential has ended it goes on trying, and gives up only when the host is closed or the request can never be granted.
 */
export async function keepRenewing(host: DestinationHost, request: IdentityRequest, keeping: Keeping): Promise<void> {
  const { signal, onIdentity, onFailure, clock = systemClock, random = Math.random } = keeping;
  let { held } = keeping;
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      const all = renewals<Identity>({
        issue: (until) => host.generateIdentity(request, { signal: until }),
        rotations: (until) => host.listenForRotation({ signal: until, keepAlive: false }),
        held,
        keepAlive: false,
        signal,
        clock,
        random,
      });
      for await (const renewal of all) {
        if (renewal.type === 'identity') {
          failures = 0;
          held = renewal.identity;
          onIdentity(held);
        } else onFailure(renewal.error);
      }
    } catch (cause) {
      if (signal.aborted) return;
      const error = isTeleportError(cause) ? cause : new TeleportError('unknown', String(cause), { cause });
      onFailure(error);
      if (error.code === 'canceled' || error.code === 'bad_parameter') return;
      const delayMs = backoffMs(RETRY, Math.max(1, failures), random());
      await sleep(clock, delayMs, signal, { keepAlive: false }).catch(() => {});
    }
  }
}
