import type { CaRotation } from '../destination-host.ts';

/**
 * The phases after which a credential should be issued anew: the new authority signs, the old one signs again, or the other
 * one is gone. In `init` nothing is signed otherwise than before, and `update_servers` concerns the certificates of servers.
 */
const RENEWAL_PHASES: ReadonlySet<CaRotation['phase']> = new Set(['update_clients', 'rollback', 'standby']);

/** A rotation concerns all holders at the same moment; each takes its own in this time. */
const SPREAD_MS = 10_000;
/** Authorities that are rotated together come as several events; the cluster's lists follow within a second. */
const SETTLE_MS = 1_000;

/** Whether who holds a credential should ask for a new one. */
export function asksForRenewal({ phase }: CaRotation): boolean {
  return RENEWAL_PHASES.has(phase);
}

/**
 * How long to wait before that, in milliseconds: 1 to 10 seconds, and half of the time that is left at the most.
 *
 * @param random in [0, 1)
 */
export function renewalDelayMs({ deadline }: CaRotation, nowMs: number, random: number): number {
  const leftMs = deadline ? Math.max(0, deadline.getTime() - nowMs) : Number.POSITIVE_INFINITY;
  return Math.min(SETTLE_MS + (SPREAD_MS - SETTLE_MS) * random, leftMs / 2);
}
