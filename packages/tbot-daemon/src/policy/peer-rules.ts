import type { Peer } from '../sockets/peer.ts';

/** One entry of a socket's `allow`, with names already turned into numbers. */
export type PeerRule = { uid: number } | { gid: number };

/**
 * Whether the kernel's word on a caller fits one of the rules. A group counts whether it is the caller's primary or a
 * supplementary one. No rules at all let everybody in whom the file system lets in.
 */
export function admitsPeer(rules: readonly PeerRule[] | undefined, peer: Peer | undefined): boolean {
  if (rules === undefined) return true;
  if (peer === undefined) return false;
  return rules.some((rule) =>
    'uid' in rule ? rule.uid === peer.uid : rule.gid === peer.gid || peer.groups.includes(rule.gid),
  );
}
