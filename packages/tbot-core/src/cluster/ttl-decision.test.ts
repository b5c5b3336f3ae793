import { describe, expect, it } from 'vitest';
import { ttlDecision } from './ttl-decision.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A certificate that was signed then, for so long. */
const signed = (atMs: number, lifeMs: number) => ({ begin: new Date(atMs - MINUTE), end: new Date(atMs + lifeMs) });

describe('ttlDecision', () => {
  it('is uncut when only the cluster’s rounding is missing', () => {
    const validity = { begin: new Date(-MINUTE), end: new Date(MINUTE) };
    expect(ttlDecision(MINUTE, 500, validity)).toEqual({ askedMs: MINUTE, effectiveMs: MINUTE });
  });

  it('says what a role has cut, however late the certificate was signed', () => {
    const cut = { askedMs: 60 * MINUTE, effectiveMs: 10 * MINUTE, cutBy: 'max_session_ttl of a role' };
    expect(ttlDecision(60 * MINUTE, 400, signed(1_000, 10 * MINUTE))).toEqual(cut);
    expect(ttlDecision(60 * MINUTE, 400, signed(9_000, 10 * MINUTE))).toEqual(cut);
  });

  it('tells the cluster’s own limit apart', () => {
    expect(ttlDecision(30 * DAY, 0, signed(0, 7 * DAY)).cutBy).toContain('168h');
    expect(ttlDecision(30 * DAY, 0, signed(0, DAY)).cutBy).toContain('role');
  });
});
