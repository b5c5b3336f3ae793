import { describe, expect, it } from 'vitest';
import { ttlDecision } from './ttl-decision.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('ttlDecision', () => {
  it('is uncut when only the cluster’s rounding is missing', () => {
    expect(ttlDecision(MINUTE, 500, new Date(MINUTE))).toEqual({ askedMs: MINUTE, effectiveMs: MINUTE });
  });

  it('says what a role has cut, in whole seconds', () => {
    const cut = ttlDecision(60 * MINUTE, 400, new Date(10 * MINUTE));
    expect(cut).toEqual({ askedMs: 60 * MINUTE, effectiveMs: 10 * MINUTE, cutBy: 'max_session_ttl of a role' });
  });

  it('tells the cluster’s own limit apart', () => {
    expect(ttlDecision(30 * DAY, 0, new Date(7 * DAY)).cutBy).toContain('168h');
    expect(ttlDecision(30 * DAY, 0, new Date(DAY)).cutBy).toContain('role');
  });
});
