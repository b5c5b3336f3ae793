// google.protobuf.Duration and Timestamp count seconds and nanoseconds; the views of this package count milliseconds.

interface SecondsAndNanos {
  readonly seconds: bigint;
  readonly nanos: number;
}

export function toWireDuration(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.trunc(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

export function durationMs(duration: SecondsAndNanos): number {
  return Number(duration.seconds) * 1000 + Math.round(duration.nanos / 1e6);
}

export function dateOf(timestamp: SecondsAndNanos): Date {
  return new Date(durationMs(timestamp));
}
