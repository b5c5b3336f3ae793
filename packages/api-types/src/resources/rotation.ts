import { msFromNanoseconds } from '../duration.ts';
import type { Rotation as RotationMessage } from '../gen/teleport/types/rotation.ts';
import { fromTimestamp, goZeroTime, isZeroTime } from '../timestamp.ts';

/** Where a certificate authority stands in its rotation. */
export interface Rotation {
  /** `standby` or `in_progress`. */
  readonly state: string;
  /** `standby`, `init`, `update_clients`, `update_servers` or `rollback`. */
  readonly phase: string;
  /** `manual` or `auto`. */
  readonly mode: string;
  readonly id: string;
  readonly started: Date | undefined;
  readonly lastRotated: Date | undefined;
  /** How long clients and servers have to take over a new generation, in milliseconds. */
  readonly gracePeriodMs: number;
  /** When an automatic rotation enters its phases. */
  readonly schedule: {
    readonly updateClients: Date | undefined;
    readonly updateServers: Date | undefined;
    readonly standby: Date | undefined;
  };
}

/** A rotation as its message says it; undefined where there never was one. */
export function rotationView(message: RotationMessage | undefined): Rotation | undefined {
  if (!message || (message.State === '' && isZeroTime(message.LastRotated))) return undefined;
  const { Schedule } = message;
  return {
    state: message.State,
    phase: message.Phase,
    mode: message.Mode,
    id: message.CurrentID,
    started: fromTimestamp(message.Started),
    lastRotated: fromTimestamp(message.LastRotated),
    gracePeriodMs: msFromNanoseconds(message.GracePeriod),
    schedule: {
      updateClients: fromTimestamp(Schedule?.UpdateClients),
      updateServers: fromTimestamp(Schedule?.UpdateServers),
      standby: fromTimestamp(Schedule?.Standby),
    },
  };
}

/** What a cluster writes about a rotation that does not take place. */
export function noRotation(): RotationMessage {
  return {
    State: '',
    Phase: '',
    Mode: '',
    CurrentID: '',
    Started: goZeroTime(),
    GracePeriod: 0n,
    LastRotated: goZeroTime(),
    Schedule: { UpdateClients: goZeroTime(), UpdateServers: goZeroTime(), Standby: goZeroTime() },
  };
}
