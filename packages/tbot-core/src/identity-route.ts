/** Where a credential leads: through which proxy, to what. */
export interface IdentityRoute {
  /** Cluster of the target. */
  readonly cluster: string;
  /** `host:port` of the proxy's web address; absent where the host does not know it. */
  readonly proxyAddress?: string;
  /** The application, for a credential of kind `application`. */
  readonly application?: ApplicationRoute;
  /** The database, for a credential of kind `database`. */
  readonly database?: DatabaseRoute;
  /** The Kubernetes cluster, for a credential of kind `kubernetes`. */
  readonly kubernetes?: KubernetesRoute;
}

/** An application as the cluster's proxy knows it. */
export interface ApplicationRoute {
  readonly name: string;
  /** The address that the proxy serves the application under, without scheme. */
  readonly publicAddress: string;
}

/** A database as the cluster's proxy knows it. */
export interface DatabaseRoute {
  readonly name: string;
  /** `postgres`, `mysql`, `mongodb`, … as the cluster has it. */
  readonly protocol: string;
  /** Account that was asked for. */
  readonly username?: string;
  /** Database within the server that was asked for. */
  readonly database?: string;
}

/** A Kubernetes cluster as the cluster's proxy knows it. */
export interface KubernetesRoute {
  readonly name: string;
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
