/** The life of a certificate, milliseconds since 1970. */
export interface Lifetime {
  /** When it was issued; Teleport's `notBefore` lies a minute earlier. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Renewal is never planned past this part of a life, whatever the interval says. */
const LATEST_PART = 2 / 3;

/** Up to this part of the wait is taken off at random, so that many agents do not come at once. */
const JITTER = 0.1;

/**
 * When to renew: one interval after issuing (20 minutes of 60 by default), never after two thirds of the life, up to a
 * tenth earlier at random.
 *
 * @param random in [0, 1)
 * @returns milliseconds since 1970
 */
export function nextRenewalAt(life: Lifetime, intervalMs: number, random: number): number {
  const lengthMs = Math.max(0, life.expiresAtMs - life.issuedAtMs);
  const waitMs = Math.min(intervalMs, lengthMs * LATEST_PART);
  return life.issuedAtMs + waitMs * (1 - JITTER * random);
}

/**
 * When the holder of an issued credential should ask again: shortly before two thirds of its life, so that the last
 * third is left for failures.
 *
 * @param random in [0, 1)
 */
export function refreshAt(life: Lifetime, random: number): Date {
  return new Date(Math.floor(nextRenewalAt(life, Number.POSITIVE_INFINITY, random)));
}
