import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { CaRotation } from '../destination-host.ts';
import { backoffMs } from '../retry.ts';
import { DueTime } from './due-time.ts';
import { leavable } from './leavable.ts';

/** Between two tries of a renewal that failed. */
const RETRY = { firstMs: 1_000, maxMs: 60_000, floorMs: 500 };
/** Longest time of one try by default. */
const TRY_MS = 60_000;
/** What a try may take although the last credential ends earlier. */
const LAST_TRY_MS = 5_000;
/** Shortest time between two credentials, whatever the host says of when to ask again. */
const SHORTEST_MS = 1_000;

/** What has an end and should be replaced ahead of it. */
export interface Renewable {
  /** End of its life. */
  readonly expires: Date;
  /** When to ask for its successor. */
  readonly refreshAt: Date;
}

/** Why a credential comes: as the first one, because the last one grows old, or because an authority is rotated. */
export type RenewalReason = 'start' | 'renewal' | 'rotation';

/** What {@link renewals} tells. */
export type Renewal<T extends Renewable> =
  | { readonly type: 'identity'; readonly reason: RenewalReason; readonly identity: T }
  /** A renewal has failed and is tried again; the last credential still lives. */
  | {
      readonly type: 'trouble';
      readonly reason: RenewalReason;
      readonly error: TeleportError;
      /** End of the last credential. */
      readonly expires: Date;
      readonly nextTry: Date;
    };

/** What {@link renewals} takes. */
export interface RenewalsOptions<T extends Renewable> {
  /** Issues one credential; gives up when the signal is aborted. */
  readonly issue: (signal: AbortSignal, reason: RenewalReason) => Promise<T>;
  /** Steps of rotations until the signal is aborted; each that concerns holders of credentials leads to a renewal. */
  readonly rotations?: ((signal: AbortSignal) => AsyncIterable<CaRotation>) | undefined;
  /** The credential that the holder has already: then the first to come is its successor, when that is due. */
  readonly held?: T | undefined;
  /** Longest time of one try, in milliseconds. Default 60 seconds. */
  readonly tryMs?: number | undefined;
  /** Whether the process lives on for it. Default true. */
  readonly keepAlive?: boolean | undefined;
  /** Ends it; the iteration then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. */
  readonly random?: (() => number) | undefined;
}

/**
 * One credential and its successors, each before its predecessor ends or soon after a rotation, and word of each renewal
 * that fails. As long as the last credential lives a failed renewal is tried again; a reader who is slow is not waited for
 * with a credential that is already old: the next one is issued when it asks.
 *
 * @throws TeleportError, out of the iteration: the first failure when there is no credential yet, one that no try mends, or
 * the last one when the credential has ended
 */
export function renewals<T extends Renewable>(options: RenewalsOptions<T>): AsyncIterable<Renewal<T>> {
  return leavable(options.signal, (signal) => run(options, signal));
}

async function* run<T extends Renewable>(
  options: RenewalsOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<Renewal<T>, void, undefined> {
  const { clock = systemClock, random = Math.random, keepAlive = true, rotations } = options;
  const due = new DueTime(clock, random, keepAlive);
  const over = new AbortController();
  if (rotations) void listen(due, rotations, { signal: over.signal, clock, random });
  const onAbort = (): void => over.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let held = options.held;
  let notBeforeMs = 0;
  try {
    for (;;) {
      const reason = held ? await due.wait(held, notBeforeMs, signal) : 'start';
      for (let failures = 1; ; failures++) {
        try {
          held = await tryOnce(options, held, reason, signal);
          break;
        } catch (cause) {
          signal.throwIfAborted();
          const error = asTeleportError(cause);
          const leftMs = (held?.expires.getTime() ?? 0) - clock.now();
          if (!held || leftMs <= 0 || isFinal(error)) throw error;
          // The last try comes at the very end: a credential does not need its predecessor.
          const waitMs = Math.min(leftMs, backoffMs(RETRY, failures, random()));
          const nextTry = new Date(clock.now() + waitMs);
          yield { type: 'trouble', reason, error, expires: held.expires, nextTry };
          await sleep(clock, Math.max(0, nextTry.getTime() - clock.now()), signal, { keepAlive });
        }
      }
      notBeforeMs = clock.now() + SHORTEST_MS;
      yield { type: 'identity', reason, identity: held };
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    over.abort(new TeleportError('canceled', 'nobody waits for credentials any more'));
  }
}

/** A try takes as long as it may, and no longer than the last credential lives by much. */
async function tryOnce<T extends Renewable>(
  { issue, clock = systemClock, tryMs = TRY_MS, keepAlive = true }: RenewalsOptions<T>,
  held: T | undefined,
  reason: RenewalReason,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const leftMs = held ? Math.max(LAST_TRY_MS, held.expires.getTime() - clock.now()) : Number.POSITIVE_INFINITY;
  const limitMs = Math.min(tryMs, leftMs);
  const trying = new AbortController();
  const late = (): void =>
    trying.abort(new TeleportError('timeout', `no credential came within ${limitMs} ms`, { retryable: true }));
  const onAbort = (): void => trying.abort(signal.reason);
  const limit = limitMs > 0 ? clock.setTimer(limitMs, late, { keepAlive }) : undefined;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await issue(trying.signal, reason);
  } finally {
    limit?.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Follows the rotations as long as it can; without them credentials are renewed by their age alone. */
async function listen(
  due: DueTime,
  rotations: (signal: AbortSignal) => AsyncIterable<CaRotation>,
  { signal, clock, random }: { signal: AbortSignal; clock: Clock; random: () => number },
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      for await (const rotation of rotations(signal)) {
        failures = 0;
        due.rotation(rotation);
      }
    } catch (error) {
      // Another host may stand behind it the next time; one that knows of no rotations will not learn it.
      if (isTeleportError(error, 'not_implemented')) return;
    }
    await sleep(clock, backoffMs(RETRY, Math.max(1, failures), random()), signal, { keepAlive: false }).catch(() => {});
  }
}

/** What the host will answer again, however often it is asked: it is closed, it knows no such call, the request is wrong. */
function isFinal({ code }: TeleportError): boolean {
  return code === 'canceled' || code === 'not_implemented' || code === 'bad_parameter';
}

function asTeleportError(error: unknown): TeleportError {
  if (isTeleportError(error)) return error;
  return new TeleportError('unknown', error instanceof Error ? error.message : String(error), { cause: error });
}
