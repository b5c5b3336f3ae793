import type { CredentialSet } from './credential-set.ts';

const MINUTE_MS = 60_000;
const LAST_MS = 5 * MINUTE_MS;

type Life = Pick<CredentialSet, 'notBefore' | 'notAfter'>;

/**
 * When to look for a newer credential next because of this one's age: when two thirds of its life are over, five minutes
 * before its end, each minute from then on, and at its end. Undefined for one that does not end.
 *
 * @param nowMs milliseconds since 1970, as is what is returned
 */
export function nextLookAt({ notBefore, notAfter }: Life, nowMs: number): number | undefined {
  const end = notAfter?.getTime();
  if (end === undefined || Number.isNaN(end)) return undefined;
  if (nowMs >= end) return nowMs + MINUTE_MS;
  const last = end - LAST_MS;
  const early = twoThirds(notBefore?.getTime(), end);
  if (nowMs < early && early < last) return early;
  if (nowMs < last) return last;
  const minutesLeft = Math.ceil((end - nowMs) / MINUTE_MS) - 1;
  return end - minutesLeft * MINUTE_MS;
}

/** From when on a credential that nobody has renewed is said to be expiring; undefined for one that does not end. */
export function expiringFrom({ notBefore, notAfter }: Life): number | undefined {
  const end = notAfter?.getTime();
  if (end === undefined || Number.isNaN(end)) return undefined;
  return Math.max(twoThirds(notBefore?.getTime(), end), end - LAST_MS);
}

/** When there is something to say of a credential that cannot be renewed: that it is expiring, and that it has expired. */
export function nextWordAt(life: Life, nowMs: number): number | undefined {
  return [expiringFrom(life), life.notAfter?.getTime()].find((at) => at !== undefined && at > nowMs);
}

function twoThirds(start: number | undefined, end: number): number {
  return start === undefined || Number.isNaN(start) ? end - LAST_MS : start + ((end - start) * 2) / 3;
}
