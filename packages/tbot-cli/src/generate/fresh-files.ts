import { type Clock, isTeleportError, systemClock, TeleportError } from '@teleport-ts/api-types';
import type { Destination, DestinationHost, Identity, WriteResult } from '@teleport-ts/tbot-core/client';
import type { CredentialFileMaker } from './credential-files.ts';
import { isNotYet } from './issue.ts';
import type { GeneratePlan } from './plan.ts';

/** A set of files that was written, and the credential in it. */
export interface FreshFiles extends WriteResult {
  readonly identity: Identity;
  /** For people, without `note:`. */
  readonly notes: readonly string[];
}

/** What {@link freshFiles} takes. */
export interface FreshFilesOptions {
  readonly host: Pick<DestinationHost, 'watchIdentity'>;
  readonly plan: Pick<GeneratePlan, 'request' | 'timeoutMs' | 'wait'>;
  readonly maker: Pick<CredentialFileMaker, 'filesOf'>;
  readonly destination: Pick<Destination, 'write'>;
  readonly signal: AbortSignal;
  /** Told what goes wrong and is tried again, for people. */
  readonly onTrouble: (text: string) => void;
  readonly clock?: Clock;
}

/** Between two tries: the first time, and at most. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Keeps a set of files fresh: writes it with the first credential, and as a whole again with each that follows. What a disk
 * refuses is tried again as long as the credential lives. With `--wait` it begins anew when the agent has been away for
 * longer than the last credential has lived; the first one is waited for no longer than the plan's time.
 *
 * @throws TeleportError when the first credential cannot be had or written, or the last one has ended; the signal's reason
 */
export async function* freshFiles(options: FreshFilesOptions): AsyncGenerator<FreshFiles, void, undefined> {
  let isFirst = true;
  for await (const identity of patiently(options)) {
    yield await written(identity, isFirst, options);
    isFirst = false;
  }
}

async function* patiently(options: FreshFilesOptions): AsyncGenerator<Identity, void, undefined> {
  const { host, plan, signal, onTrouble, clock = systemClock } = options;
  const { request, timeoutMs } = plan;
  const end = clock.now() + timeoutMs;
  let last: string | undefined;
  let isFirst = true;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      for await (const identity of host.watchIdentity(request, { signal, timeoutMs })) {
        yield identity;
        isFirst = false;
        last = undefined;
        pauseMs = FIRST_PAUSE_MS;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!plan.wait || !isNotYet(error) || (isFirst && clock.now() + pauseMs >= end)) throw error;
      const { message } = error as Error;
      if (message !== last) onTrouble(`waiting, since ${message}`);
      last = message;
      await pause(clock, pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

async function written(identity: Identity, isFirst: boolean, options: FreshFilesOptions): Promise<FreshFiles> {
  const { maker, destination, signal, onTrouble, clock = systemClock } = options;
  let last: string | undefined;
  for (;;) {
    try {
      const { files, notes } = await maker.filesOf(identity);
      return { ...(await destination.write(files)), identity, notes };
    } catch (error) {
      const wrong = isTeleportError(error)
        ? error
        : new TeleportError('unknown', (error as Error).message, { cause: error });
      if (isFirst || wrong.code === 'bad_parameter' || clock.now() >= identity.expires.getTime()) throw wrong;
      if (wrong.message !== last) onTrouble(`the files could not be written: ${wrong.message}`);
      last = wrong.message;
      await pause(clock, LONGEST_PAUSE_MS, signal);
    }
  }
}

/** @throws the signal's reason */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.setTimer(
      delayMs,
      () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      },
      { keepAlive: true },
    );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
