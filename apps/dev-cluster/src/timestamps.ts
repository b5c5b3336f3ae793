import { fromTimestamp as dateOf, goZeroTime, toTimestamp as timestampOf } from '@teleport-ts/api-types';
import type { Timestamp } from '@teleport-ts/api-types/proto/google/protobuf/timestamp';

/** Go's zero time, which stands on the wire where a time is required but none is set. */
export const zeroTime: () => Timestamp = goZeroTime;

/** Milliseconds since 1970 as a timestamp. */
export const toTimestamp = (ms: number): Timestamp => timestampOf(new Date(ms));

/** Milliseconds since 1970, or undefined where no time, or Go's zero time, is given. */
export const fromTimestamp = (timestamp: Timestamp | undefined): number | undefined => dateOf(timestamp)?.getTime();

export const NANOSECONDS_PER_MS = 1_000_000n;
