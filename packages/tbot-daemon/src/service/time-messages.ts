/** Protobuf's Duration, as the generated code holds it. */
export interface DurationMessage {
  seconds: bigint;
  nanos: number;
}

/** Whole milliseconds as a Duration. */
export function durationMessage(ms: number): DurationMessage {
  const whole = Math.round(ms);
  return { seconds: BigInt(Math.trunc(whole / 1000)), nanos: (whole % 1000) * 1_000_000 };
}

/** A Duration as milliseconds; NaN for one that is malformed (signs that differ, nanos out of range). */
export function durationMs(duration: DurationMessage): number {
  const { nanos } = duration;
  const seconds = Number(duration.seconds);
  if (!Number.isInteger(nanos) || Math.abs(nanos) > 999_999_999 || seconds * nanos < 0) return Number.NaN;
  return seconds * 1000 + nanos / 1_000_000;
}

/** A Date as a Timestamp, before 1970 too. */
export function timestampMessage(date: Date): DurationMessage {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}
