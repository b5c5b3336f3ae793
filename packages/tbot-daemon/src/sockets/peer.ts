/** A caller as the kernel names it at the moment of its connect. */
export interface Peer {
  uid: number;
  gid: number;
  /** A hint only: it may be reused, and is 0 for a process of another PID namespace. */
  pid: number;
  /** Supplementary groups. */
  groups: readonly number[];
}
