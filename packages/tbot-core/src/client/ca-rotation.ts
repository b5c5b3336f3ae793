import { fromTimestamp } from '@teleport-ts/api-types';
import type { CaRotation } from '../destination-host.ts';
import type { CaRotation as RotationMessage } from '../gen/tbot/credentials/v1/credentials.ts';

/** A step of a rotation as an agent tells of it. */
export function rotationFromMessage({ type, cluster, phase, reason, deadline }: RotationMessage): CaRotation {
  const date = fromTimestamp(deadline);
  return {
    type: type as CaRotation['type'],
    cluster,
    phase: phase as CaRotation['phase'],
    reason,
    ...(date && { deadline: date }),
  };
}
