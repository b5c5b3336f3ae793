import { formatGoDuration } from '@teleport-ts/api-types';

/** How long a credential may live on one socket. */
export interface TtlLimits {
  /** Used when the caller asks for none. */
  defaultMs: number;
  /** What is longer is cut to this. */
  maxMs: number;
  /** What `maxMs` is, for people: `max_ttl of the socket`. */
  maxName: string;
  /** What is shorter is refused. */
  minMs: number;
}

/** The lifetime to ask the cluster for, and what became of the wish. */
export interface TtlDecision {
  /** What the caller asked for, or the default. */
  askedMs: number;
  effectiveMs: number;
  /** What cut it; absent when nothing did. */
  cutBy?: string;
}

/** The lifetime of a request, or the reason why it is refused. */
export function decideTtl(
  askedMs: number | undefined,
  limits: TtlLimits,
): { ok: true; ttl: TtlDecision } | { ok: false; message: string; hint: string } {
  if (askedMs === undefined) {
    const ttlMs = Math.min(limits.defaultMs, limits.maxMs);
    return { ok: true, ttl: { askedMs: ttlMs, effectiveMs: ttlMs } };
  }
  const shortest = formatGoDuration(limits.minMs);
  const hint = `ask for at least ${shortest}, or for no ttl at all`;
  if (!Number.isFinite(askedMs)) return { ok: false, message: 'the ttl is not a duration', hint };
  if (askedMs <= 0) return { ok: false, message: `the ttl must be positive, it is ${formatGoDuration(askedMs)}`, hint };
  if (askedMs < limits.minMs) {
    return { ok: false, message: `the ttl ${formatGoDuration(askedMs)} is below the minimum of ${shortest}`, hint };
  }
  if (askedMs > limits.maxMs) {
    return { ok: true, ttl: { askedMs, effectiveMs: limits.maxMs, cutBy: limits.maxName } };
  }
  return { ok: true, ttl: { askedMs, effectiveMs: askedMs } };
}
