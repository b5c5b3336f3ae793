import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timestamp } from './gen/google/protobuf/timestamp.ts';
import {
  fromDurationMessage,
  fromTimestamp,
  goZeroTime,
  isZeroTime,
  toDurationMessage,
  toTimestamp,
} from './timestamp.ts';

describe('timestamps', () => {
  it("takes Go's zero time and an absent field for no time, and 1970 for a time", () => {
    expect(fromTimestamp(undefined)).toBeUndefined();
    expect(fromTimestamp(goZeroTime())).toBeUndefined();
    expect(fromTimestamp({ seconds: 0n, nanos: 0 })).toEqual(new Date(0));
    expect(isZeroTime({ seconds: goZeroTime().seconds, nanos: 1 })).toBe(false);
  });

  it("writes Go's zero time as a cluster does", () => {
    expect(Buffer.from(Timestamp.encode(Timestamp.fromPartial(goZeroTime())).finish()).toString('hex')).toBe(
      '088092b8c398feffffff01',
    );
  });

  it('keeps dates to the millisecond, before 1970 too', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        fc.pre(!isZeroTime(toTimestamp(date)));
        const timestamp = toTimestamp(date);
        expect(timestamp.nanos).toBeGreaterThanOrEqual(0);
        expect(timestamp.nanos).toBeLessThan(1_000_000_000);
        expect(fromTimestamp(timestamp)).toEqual(date);
      }),
    );
  });

  it('cuts what is below a millisecond', () => {
    expect(fromTimestamp({ seconds: 1n, nanos: 1_999_999 })).toEqual(new Date(1001));
    expect(fromTimestamp({ seconds: -1n, nanos: 999_999_999 })).toEqual(new Date(-1));
  });

  it('refuses an invalid date', () => {
    expect(() => toTimestamp(new Date('never'))).toThrow(RangeError);
  });
});

describe('duration messages', () => {
  it('give seconds and nanoseconds the same sign', () => {
    expect(toDurationMessage(1500)).toEqual({ seconds: 1n, nanos: 500_000_000 });
    expect(toDurationMessage(-1500)).toEqual({ seconds: -1n, nanos: -500_000_000 });
  });

  it('come back as the same milliseconds', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (ms) => {
        expect(fromDurationMessage(toDurationMessage(ms))).toBe(ms);
      }),
    );
    expect(fromDurationMessage(undefined)).toBeUndefined();
  });
});
