import type { CertAuthority } from '@teleport-ts/api-types/resources/cert-authority';
import type { CaRotation } from '../destination-host.ts';
import type { AuthorityType } from '../trusted-authority.ts';

/** The authorities whose rotation concerns holders of credentials. */
export const ROTATED_TYPES: readonly AuthorityType[] = ['host', 'user', 'db'];

const PHASES: readonly CaRotation['phase'][] = ['init', 'update_clients', 'update_servers', 'rollback', 'standby'];

/** Where an authority stands: two of its states with the same text have no step of a rotation between them. */
export function rotationStep({ rotation }: CertAuthority): string {
  if (!rotation) return '';
  // A rotation without grace leads from one standby to the next.
  return JSON.stringify([rotation.phase, rotation.id, rotation.lastRotated?.getTime()]);
}

/** The step of a rotation that an authority has come to; undefined for one that was never rotated. */
export function caRotation({ type, clusterName: cluster, rotation }: CertAuthority): CaRotation | undefined {
  const phase = PHASES.find((known) => known === rotation?.phase);
  const rotated = ROTATED_TYPES.find((known) => known === type);
  if (!rotation || !phase || !rotated) return undefined;
  const deadline = endOfGrace(rotation, phase);
  const reason = WORDS[phase](`${type} authority of ${cluster}`);
  return { type: rotated, cluster, phase, reason, ...(deadline && { deadline }) };
}

const WORDS: Readonly<Record<CaRotation['phase'], (authority: string) => string>> = {
  init: (authority) => `a rotation of the ${authority} has begun: its successor is trusted beside it`,
  update_clients: (authority) =>
    `the successor of the ${authority} signs now: what the old one has signed ends with the rotation`,
  update_servers: (authority) => `servers take certificates from the successor of the ${authority} now`,
  rollback: (authority) => `the rotation of the ${authority} is taken back: the old one signs again`,
  standby: (authority) => `the rotation of the ${authority} is over: what signed before it is trusted no more`,
};

/** A schedule says it to the second; a rotation by hand ends when somebody ends it, and its grace is all that is known. */
function endOfGrace(
  { started, gracePeriodMs, schedule }: NonNullable<CertAuthority['rotation']>,
  phase: CaRotation['phase'],
): Date | undefined {
  if (phase === 'standby' || phase === 'rollback') return undefined;
  if (schedule.standby) return schedule.standby;
  return started && gracePeriodMs > 0 ? new Date(started.getTime() + gracePeriodMs) : undefined;
}
