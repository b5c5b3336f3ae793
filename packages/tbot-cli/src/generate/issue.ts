import { isTeleportError } from '@teleport-ts/api-types';
import type { DestinationHost, Identity } from '@teleport-ts/tbot-core/client';
import type { GeneratePlan } from './plan.ts';

/** Time, for {@link issueCredential}. */
export interface WaitingClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

const realClock: WaitingClock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Asks for the credential of a plan. With `--wait` it asks again while the agent is not there or not ready, and while what
 * is asked for does not exist yet, until the plan's time is up; then the last failure counts.
 *
 * @param onWait told the first failure that is waited for
 * @throws TeleportError as {@link DestinationHost.generateIdentity}
 */
export async function issueCredential(
  host: Pick<DestinationHost, 'generateIdentity'>,
  { request, timeoutMs, wait }: Pick<GeneratePlan, 'request' | 'timeoutMs' | 'wait'>,
  { clock = realClock, onWait }: { readonly clock?: WaitingClock; readonly onWait?: (error: Error) => void } = {},
): Promise<Identity> {
  if (!wait) return await host.generateIdentity(request, { timeoutMs });
  const end = clock.now() + timeoutMs;
  let last: unknown;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const leftMs = Math.ceil(end - clock.now());
    if (leftMs <= 0) throw last;
    try {
      return await host.generateIdentity(request, { timeoutMs: leftMs });
    } catch (error) {
      if (!isNotYet(error)) throw last !== undefined && isTeleportError(error, 'timeout') ? last : error;
      if (last === undefined) onWait?.(error as Error);
      last = error;
    }
    await clock.sleep(Math.min(pauseMs, Math.max(end - clock.now(), 0)));
  }
}

/** May the same request do better a moment later? */
export function isNotYet(error: unknown): boolean {
  return (
    isTeleportError(error, 'not_found') ||
    isTeleportError(error, 'connection_problem') ||
    isTeleportError(error, 'limit_exceeded')
  );
}
