import { formatGoDuration } from '@teleport-ts/api-types';
import { MAX_TTL_MS } from '../config/config.ts';
import type { TtlDecision } from '../identity-route.ts';

/** The cluster cuts ends to whole seconds. */
const ROUNDING_MS = 1_000;

/** A certificate begins a minute before it is signed (seen on a Teleport 18). */
const BACKDATED_MS = 60_000;

/** Of a cap of days a minute is no matter. */
const SLACK_MS = 60_000;

/** From when to when a certificate is good. */
export interface Validity {
  readonly begin: Date;
  readonly end: Date;
}

/**
 * What became of the lifetime that was asked for, read from the certificate that came back: the cluster cuts without a
 * word. How long it granted is told by the certificate alone, whatever the clock here says and however long the answer took.
 *
 * @param askedAtMs when it was asked for, milliseconds since 1970
 */
export function ttlDecision(askedMs: number, askedAtMs: number, { begin, end }: Validity): TtlDecision {
  if (end.getTime() >= askedAtMs + askedMs - ROUNDING_MS) return { askedMs, effectiveMs: askedMs };
  const grantedMs = end.getTime() - begin.getTime() - BACKDATED_MS;
  const effectiveMs = Math.min(askedMs, Math.max(0, Math.round(grantedMs / 1000) * 1000));
  const byLimit = askedMs > MAX_TTL_MS && effectiveMs >= MAX_TTL_MS - SLACK_MS;
  const cutBy = byLimit ? `the cluster's limit for bots, ${formatGoDuration(MAX_TTL_MS)}` : 'max_session_ttl of a role';
  return { askedMs, effectiveMs, cutBy };
}
