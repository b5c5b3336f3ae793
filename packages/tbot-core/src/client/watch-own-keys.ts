import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { WatchOptions } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import type { Logger } from '../logger.ts';
import { backoffMs } from '../retry.ts';
import { leavable } from '../watching/leavable.ts';
import type { StreamOptions } from './agent-client.ts';
import type { WatchEvent } from './watch-event.ts';

/** Between two tries to go on with a stream that broke off. */
const RETRY = { firstMs: 500, maxMs: 30_000, floorMs: 100 };

/** Opens a stream of credentials; `heldSerial` is what the reader has from an earlier one. */
export type OpenWatch = (heldSerial: string, options: StreamOptions) => AsyncIterable<WatchEvent>;

/** Clock and randomness decide when a stream is opened again. */
export interface OwnKeysOptions extends WatchOptions {
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** The end of the host, which ends it too. */
  readonly over?: AbortSignal | undefined;
}

/**
 * Credentials for one pair of keys that is not ours to change: the agent renews them on a stream, and when the stream breaks
 * off another one goes on where it was, as long as the last credential lives.
 *
 * @throws TeleportError, out of the iteration: a first failure, one that no try mends, or the last one when the credential
 * has ended
 */
export function watchOwnKeys(open: OpenWatch, logger: Logger, options: OwnKeysOptions): AsyncIterable<Identity> {
  const { signal, over, keepAlive = true, clock = systemClock, random = Math.random } = options;
  return leavable([signal, over], async function* (ending) {
    let held: Identity | undefined;
    for (let failures = 1; ; failures++) {
      try {
        for await (const event of open(held?.serial ?? '', { signal: ending, keepAlive })) {
          if (event.type === 'trouble') logger.warn(words(event), 'a credential could not be renewed');
          else {
            failures = 0;
            held = event.identity;
            yield held;
          }
        }
      } catch (error) {
        const leftMs = (held?.expires.getTime() ?? 0) - clock.now();
        if (!held || ending.aborted || leftMs <= 0 || !mayPass(error)) throw error;
        const delayMs = Math.min(leftMs, backoffMs(RETRY, Math.max(1, failures), random()));
        logger.warn(words({ error, expires: held.expires }), 'the stream of credentials broke off');
        await sleep(clock, delayMs, ending, { keepAlive });
      }
    }
  });
}

/** What was refused stays refused: by then the agent has tried for long. */
function mayPass(error: unknown): error is TeleportError {
  if (!isTeleportError(error)) return false;
  return error.retryable || error.code === 'connection_problem' || error.code === 'limit_exceeded';
}

function words({ error, ...dates }: { error: TeleportError; expires?: Date; nextTry?: Date }): object {
  return { error: error.message, code: error.code, ...dates };
}
