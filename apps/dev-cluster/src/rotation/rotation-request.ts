import { formatGoDuration, msFromNanoseconds } from '@teleport-ts/api-types';
import type { Duration } from '@teleport-ts/api-types/proto/google/protobuf/duration';
import type { Timestamp } from '@teleport-ts/api-types/proto/google/protobuf/timestamp';
import type { RotationSchedule } from '@teleport-ts/api-types/proto/teleport/types/rotation';
import { badParameter } from '../errors.ts';
import { AUTHORITY_TYPES, type AuthorityType } from '../pki/cert-authority.ts';

/** A request to rotate, as it comes over the wire. */
export interface RotationRequest {
  readonly type: string;
  /** Default `init`. */
  readonly targetPhase?: string;
  /** `manual`, the default, or `auto`. */
  readonly mode?: string;
  /** How long it takes until the old generation is dropped; default 30 hours. */
  readonly gracePeriod?: Duration | undefined;
  /** Default: the phases share the grace period evenly. */
  readonly schedule?:
    | {
        readonly updateClients?: Timestamp | undefined;
        readonly updateServers?: Timestamp | undefined;
        readonly standby?: Timestamp | undefined;
      }
    | undefined;
}

/** A request with its defaults filled in. */
export interface RotationStep {
  readonly type: AuthorityType;
  readonly targetPhase: string;
  readonly mode: string;
  readonly gracePeriodNs: bigint;
  readonly schedule: RotationSchedule;
}

const NS_PER_SECOND = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;
const DEFAULT_GRACE_PERIOD_NS = 30n * 3600n * NS_PER_SECOND;
const ZERO_TIME_SECONDS = -62_135_596_800n;

/**
 * Fills in defaults and checks what does not depend on where the authority stands.
 *
 * @param nowMs milliseconds since 1970
 * @throws TeleportError `bad_parameter`
 */
export function checkedRotation(request: RotationRequest, nowMs: number): RotationStep {
  const type = AUTHORITY_TYPES.find((known) => known === request.type);
  if (!type) throw badParameter(`${JSON.stringify(request.type)} authority type is not supported`);
  const nowNs = BigInt(nowMs) * NS_PER_MS;
  const { gracePeriod } = request;
  const gracePeriodNs = gracePeriod
    ? gracePeriod.seconds * NS_PER_SECOND + BigInt(gracePeriod.nanos)
    : DEFAULT_GRACE_PERIOD_NS;
  return {
    type,
    targetPhase: request.targetPhase || 'init',
    mode: request.mode || 'manual',
    gracePeriodNs,
    schedule: request.schedule ? checkedSchedule(request.schedule, nowNs) : evenSchedule(nowNs, gracePeriodNs),
  };
}

/** When a time is due, in milliseconds since 1970. */
export const dueAtMs = (time: Timestamp | undefined): number => Number(nanosecondsOf(time) / NS_PER_MS);

function evenSchedule(nowNs: bigint, gracePeriodNs: bigint): RotationSchedule {
  if (gracePeriodNs <= 0n) {
    const text = formatGoDuration(msFromNanoseconds(gracePeriodNs));
    throw badParameter(`invalid grace period "${text}", provide value > 0`);
  }
  return {
    UpdateClients: timestampOf(nowNs + gracePeriodNs / 3n),
    UpdateServers: timestampOf(nowNs + (gracePeriodNs * 2n) / 3n),
    Standby: timestampOf(nowNs + gracePeriodNs),
  };
}

/** A time that is left out is 1970 on the wire. */
function checkedSchedule(schedule: NonNullable<RotationRequest['schedule']>, nowNs: bigint): RotationSchedule {
  const { updateClients = EPOCH, updateServers = EPOCH, standby = EPOCH } = schedule;
  for (const [phase, time] of [
    ['update_servers', updateServers],
    ['standby', standby],
  ] as const) {
    if (time.seconds === ZERO_TIME_SECONDS && time.nanos === 0) {
      throw badParameter(`phase "${phase}" has no time switch scheduled`);
    }
  }
  if (nanosecondsOf(standby) < nanosecondsOf(updateServers)) {
    throw badParameter('phase "standby" can not be scheduled before "update_servers"');
  }
  if (nanosecondsOf(updateServers) < nowNs) {
    throw badParameter('phase "update_servers" can not be scheduled in the past');
  }
  return { UpdateClients: updateClients, UpdateServers: updateServers, Standby: standby };
}

const EPOCH: Timestamp = { seconds: 0n, nanos: 0 };

function nanosecondsOf(time: Timestamp | undefined): bigint {
  return time ? time.seconds * NS_PER_SECOND + BigInt(time.nanos) : 0n;
}

function timestampOf(nanoseconds: bigint): Timestamp {
  return { seconds: nanoseconds / NS_PER_SECOND, nanos: Number(nanoseconds % NS_PER_SECOND) };
}
