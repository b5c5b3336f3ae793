import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RequestLimiter, type RequestLimits } from './request-limits.ts';

function limiter(limits: RequestLimits) {
  const time = { ms: 1_000_000 };
  const subject = new RequestLimiter(limits, () => time.ms);
  return { time, enter: (uid = 1) => subject.enter(uid), subject };
}

test('a burst passes, what follows waits for the rate', () => {
  const { time, enter } = limiter({ rate: { perSecond: 10, burst: 3 } });
  expect([enter().ok, enter().ok, enter().ok]).toEqual([true, true, true]);
  expect(enter()).toMatchObject({ ok: false, retryAfterMs: 100, message: 'more than 10 requests a second' });
  time.ms += 100;
  expect(enter().ok).toBe(true);
  expect(enter().ok).toBe(false);
});

test('one user’s flood leaves the others their share', () => {
  const { enter } = limiter({ rate: { perSecond: 50, burst: 100 }, ratePerUser: { perSecond: 20, burst: 40 } });
  const passed = Array.from({ length: 1000 }, () => enter(7)).filter(({ ok }) => ok);
  expect(passed).toHaveLength(40);
  expect(enter(8).ok).toBe(true);
});

test('a call that is refused takes no token from anybody', () => {
  const { time, enter } = limiter({ rate: { perSecond: 1, burst: 1 }, ratePerUser: { perSecond: 1, burst: 2 } });
  expect(enter(7).ok).toBe(true);
  for (let i = 0; i < 10; i++) expect(enter(7).ok).toBe(false);
  time.ms += 1000;
  expect(enter(7).ok).toBe(true);
});

test('calls in flight are counted until each is released, once', () => {
  const { enter, subject } = limiter({ streams: 2 });
  const first = enter();
  enter();
  expect(enter()).toMatchObject({ ok: false, message: '2 calls are in flight on this socket' });
  if (!first.ok) throw new Error('refused');
  first.release();
  first.release();
  expect(subject.inFlight).toBe(1);
  expect(enter().ok).toBe(true);
});

test('no limits let everything through', () => {
  const { enter } = limiter({});
  expect(Array.from({ length: 500 }, () => enter().ok).every(Boolean)).toBe(true);
});

test('over any stretch no more pass than the burst and the rate allow, and a wait of retryAfter is enough', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: -5, max: 400 }), { minLength: 1, maxLength: 200 }),
      (perSecond, burst, pausesMs) => {
        const { time, enter } = limiter({ rate: { perSecond, burst } });
        const from = time.ms;
        let passed = 0;
        let latest = from;
        for (const pause of pausesMs) {
          time.ms += pause;
          const passage = enter();
          if (passage.ok) passed += 1;
          else {
            expect(passage.retryAfterMs).toBeGreaterThan(0);
            time.ms += passage.retryAfterMs;
            expect(enter().ok).toBe(true);
            passed += 1;
          }
          latest = Math.max(latest, time.ms);
        }
        const backwards = pausesMs.filter((pause) => pause < 0).reduce((sum, pause) => sum - pause, 0);
        expect(passed).toBeLessThanOrEqual(burst + ((latest - from + backwards) / 1000) * perSecond + 1e-6);
      },
    ),
    { numRuns: 500 },
  );
});
