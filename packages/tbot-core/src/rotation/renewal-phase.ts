import type { CaRotation } from '../destination-host.ts';

/**
 * The phases after which a credential should be issued anew: the new authority signs, the old one signs again, or the other
 * one is gone. In `init` nothing is signed otherwise than before, and `update_servers` concerns the certificates of servers.
 */
const RENEWAL_PHASES: ReadonlySet<CaRotation['phase']> = new Set(['update_clients', 'rollback', 'standby']);

/** Whether who holds a credential should ask for a new one. */
export function asksForRenewal({ phase }: CaRotation): boolean {
  return RENEWAL_PHASES.has(phase);
}
