import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRenewalAt, refreshAt } from './renewal-policy.ts';

const MINUTE = 60_000;

describe('nextRenewalAt', () => {
  it('is one interval after issuing', () => {
    const life = { issuedAtMs: 0, expiresAtMs: 60 * MINUTE };
    expect(nextRenewalAt(life, 20 * MINUTE, 0)).toBe(20 * MINUTE);
    expect(nextRenewalAt(life, 20 * MINUTE, 0.999)).toBeGreaterThanOrEqual(18 * MINUTE);
  });

  it('does not wait past two thirds of a life that the server cut', () => {
    expect(nextRenewalAt({ issuedAtMs: 0, expiresAtMs: 15 * MINUTE }, 20 * MINUTE, 0)).toBe(10 * MINUTE);
  });

  it('always lies within the first two thirds', () => {
    const times = fc.tuple(
      fc.nat(2 ** 40),
      fc.nat(7 * 24 * 60 * MINUTE),
      fc.nat(2 ** 33),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
    );
    fc.assert(
      fc.property(times, ([issuedAtMs, lengthMs, intervalMs, random]) => {
        const at = nextRenewalAt({ issuedAtMs, expiresAtMs: issuedAtMs + lengthMs }, intervalMs, random);
        expect(at).toBeGreaterThanOrEqual(issuedAtMs);
        expect(at).toBeLessThanOrEqual(issuedAtMs + (lengthMs * 2) / 3 + 1);
      }),
    );
  });

  it('spreads credentials over a tenth of the wait', () => {
    const life = { issuedAtMs: 0, expiresAtMs: 60 * MINUTE };
    expect(refreshAt(life, 0).getTime()).toBe(40 * MINUTE);
    expect(refreshAt(life, 0.5).getTime()).toBe(38 * MINUTE);
  });
});
