import { formatGoDuration } from '@teleport-ts/api-types';
import { MAX_TTL_MS } from '../config/config.ts';
import type { TtlDecision } from '../identity-route.ts';

/** The cluster cuts ends to whole seconds. */
const ROUNDING_MS = 1_000;

/** Of a cap of days a minute is no matter. */
const SLACK_MS = 60_000;

/**
 * What became of the lifetime that was asked for, read from the end of the certificate that came back: the cluster cuts
 * without a word.
 *
 * @param nowMs when it was asked for, milliseconds since 1970
 */
export function ttlDecision(askedMs: number, nowMs: number, end: Date): TtlDecision {
  const grantedMs = end.getTime() - nowMs;
  if (grantedMs >= askedMs - ROUNDING_MS) return { askedMs, effectiveMs: askedMs };
  const effectiveMs = Math.max(0, Math.ceil(grantedMs / 1000) * 1000);
  const byLimit = askedMs > MAX_TTL_MS && effectiveMs >= MAX_TTL_MS - SLACK_MS;
  const cutBy = byLimit ? `the cluster's limit for bots, ${formatGoDuration(MAX_TTL_MS)}` : 'max_session_ttl of a role';
  return { askedMs, effectiveMs, cutBy };
}
