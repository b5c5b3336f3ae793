import type { Duration } from './gen/google/protobuf/duration.ts';
import type { Timestamp } from './gen/google/protobuf/timestamp.ts';

/** Year 1 in seconds since 1970. */
const GO_ZERO_SECONDS = -62_135_596_800n;

/**
 * Go's zero time, 0001-01-01T00:00:00Z: what a cluster sends for "no time" in the fields that its own
 * types cannot leave out, such as `LockSpecV2.CreatedAt`. An absent field means the same; 1970 does not.
 */
export function goZeroTime(): Timestamp {
  return { seconds: GO_ZERO_SECONDS, nanos: 0 };
}

/** Whether no time is meant: absent, or Go's zero time. */
export function isZeroTime(timestamp: Timestamp | undefined): boolean {
  return timestamp === undefined || (timestamp.seconds === GO_ZERO_SECONDS && timestamp.nanos === 0);
}

/**
 * The timestamp of a date.
 *
 * @throws RangeError for an invalid date
 */
export function toTimestamp(date: Date): Timestamp {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}

/** The date of a timestamp, cut to its millisecond; undefined where {@link isZeroTime} says that no time is meant. */
export function fromTimestamp(timestamp: Timestamp | undefined): Date | undefined {
  if (timestamp === undefined || isZeroTime(timestamp)) return undefined;
  return new Date(Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000));
}

/**
 * The protobuf duration of milliseconds, as the newer messages (`teleport.*.v1`) hold it.
 *
 * @throws RangeError if `ms` is not finite
 */
export function toDurationMessage(ms: number): Duration {
  const seconds = Math.trunc(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}

/** Milliseconds, with a fraction where there is one, of a protobuf duration; undefined if it is absent. */
export function fromDurationMessage(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}
