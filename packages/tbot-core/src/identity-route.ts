/** Where a credential leads: through which proxy, to what. */
export interface IdentityRoute {
  /** Cluster of the target. */
  readonly cluster: string;
  /** `host:port` of the proxy's web address; absent where the host does not know it. */
  readonly proxyAddress?: string;
  /** The application, for a credential of kind `application`. */
  readonly application?: ApplicationRoute;
}

/** An application as the cluster's proxy knows it. */
export interface ApplicationRoute {
  readonly name: string;
  /** The address that the proxy serves the application under, without scheme. */
  readonly publicAddress: string;
}

/** What lifetime was asked for, what it became, and why. */
export interface TtlDecision {
  /** Asked for, or the host's default; milliseconds. */
  readonly askedMs: number;
  /** Read from the certificates; milliseconds. */
  readonly effectiveMs: number;
  /** What cut it, in words for people; absent when nothing did. */
  readonly cutBy?: string;
}
