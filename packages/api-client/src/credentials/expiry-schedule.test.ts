import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expiringFrom, nextLookAt, nextWordAt } from './expiry-schedule.ts';

const minutes = (count: number): number => count * 60_000;
const life = (fromMinutes: number, toMinutes: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(minutes(fromMinutes)),
  notAfter: new Date(minutes(toMinutes)),
});

/** All looks from a moment on, in minutes. */
function looks(of: ReturnType<typeof life>, fromMinutes: number, count: number): number[] {
  const found: number[] = [];
  for (let now: number | undefined = minutes(fromMinutes); found.length < count; ) {
    now = nextLookAt(of, now ?? 0);
    found.push((now ?? Number.NaN) / 60_000);
  }
  return found;
}

test('an hour: at 40 minutes, 5 minutes before the end, then each minute, and so on after it', () => {
  expect(looks(life(0, 60), 0, 10)).toEqual([40, 55, 56, 57, 58, 59, 60, 61, 62, 63]);
  expect(looks(life(0, 60), 40.5, 2)).toEqual([55, 56]);
  expect(looks(life(0, 60), 57.5, 2)).toEqual([58, 59]);
});

test('twelve minutes: two thirds are not before the last five minutes', () => {
  expect(looks(life(0, 12), 0, 3)).toEqual([7, 8, 9]);
  expect(expiringFrom(life(0, 12))).toBe(minutes(8));
});

test('three minutes: each minute', () => {
  expect(looks(life(0, 3), 0, 3)).toEqual([1, 2, 3]);
});

test('one that does not end', () => {
  expect(nextLookAt({}, 0)).toBeUndefined();
  expect(expiringFrom({})).toBeUndefined();
  expect(nextWordAt({}, 0)).toBeUndefined();
  expect(nextLookAt({ notAfter: new Date(Number.NaN) }, 0)).toBeUndefined();
});

test('what cannot be renewed is spoken of twice', () => {
  expect(nextWordAt(life(0, 60), 0)).toBe(minutes(55));
  expect(nextWordAt(life(0, 60), minutes(55))).toBe(minutes(60));
  expect(nextWordAt(life(0, 60), minutes(60))).toBeUndefined();
});

test('it never spins, never sleeps through the end, and takes few looks', () => {
  fc.assert(
    fc.property(fc.nat(1e11), fc.integer({ min: 1, max: 1e11 }), fc.nat(1e11), (start, length, later) => {
      const of = { notBefore: new Date(start), notAfter: new Date(start + length) };
      const end = start + length;
      let now = start + (later % length);
      for (let count = 0; now < end; count += 1) {
        const next = nextLookAt(of, now) as number;
        expect(next).toBeGreaterThan(now);
        expect(next).toBeLessThanOrEqual(end);
        expect(count).toBeLessThan(8);
        now = next;
      }
      expect(nextLookAt(of, now)).toBe(now + 60_000);
    }),
    { numRuns: 200 },
  );
});
