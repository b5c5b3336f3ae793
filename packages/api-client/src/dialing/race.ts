import type { Clock } from '../clock.ts';
import type { Address } from './address.ts';
import type { Dialed, Dialer } from './dialer.ts';
import { pause } from './scope.ts';

/** How far behind the likelier way the other one starts, unless the first has failed before. */
const STAGGER_MS = 250;
const AUTH_PORT = 3025;

/**
 * Reaches a cluster by any of its addresses; the first that answers a call wins, all others are given up. Undefined when
 * none did: the dialer has the record.
 */
export async function dialAny(
  dialer: Dialer,
  addresses: readonly Address[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Dialed | undefined> {
  return firstOf(
    addresses.map((address) => (lost) => dialOne(dialer, address, clock, lost)),
    clock,
    signal,
  );
}

/** Finds out whether a proxy or an auth service is at the address, and dials it. */
async function dialOne(
  dialer: Dialer,
  address: Address,
  clock: Clock,
  signal: AbortSignal,
): Promise<Dialed | undefined> {
  let isProxy = false;
  const byProxy = async (lost: AbortSignal): Promise<Dialed | undefined> => {
    const found = await dialer.find(address, lost);
    if (!found) return undefined;
    isProxy = true;
    return dialer.proxy(address, found, lost);
  };
  const direct = async (lost: AbortSignal): Promise<Dialed | undefined> =>
    isProxy ? undefined : dialer.auth(address, lost);
  const ways = address.port === AUTH_PORT ? [direct, byProxy] : [byProxy, direct];
  return firstOf(ways, clock, signal);
}

type Way = (lost: AbortSignal) => Promise<Dialed | undefined>;

/** Starts one way after another, each when the one before has failed or has kept silent for a moment. */
async function firstOf(ways: readonly Way[], clock: Clock, signal: AbortSignal): Promise<Dialed | undefined> {
  const lost = new AbortController();
  const onAbort = (): void => lost.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  let winner: Dialed | undefined;
  const running: Promise<void>[] = [];
  const run = async (way: Way): Promise<void> => {
    const dialed = await way(lost.signal);
    if (!dialed) return;
    if (winner || signal.aborted) return dialed.connection.close(0);
    winner = dialed;
    lost.abort();
  };
  try {
    for (const way of ways) {
      if (lost.signal.aborted) break;
      const started = new AbortController();
      const settled = run(way).finally(() => started.abort());
      running.push(settled);
      await pause(clock, STAGGER_MS, started.signal);
    }
    await Promise.all(running);
    return winner;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
