import type { Identity } from '../identity.ts';

/** The cluster that issued a credential: the bot's own. */
export function issuingClusterOf(identity: Identity): string {
  const { teleportCluster, routeToCluster } = identity.tls;
  return teleportCluster ?? routeToCluster;
}

/** SSH keys of a cluster's host authority, which vouches for its nodes. */
export interface HostCluster {
  readonly name: string;
  readonly sshPublicKeys: readonly string[];
}

/**
 * The clusters whose nodes a credential may lead to: the issuing one first, then all that it trusts, in the order of the
 * host. Whether the roles reach a leaf is the leaf's to say.
 */
export function hostClustersOf(identity: Identity): HostCluster[] {
  const issuing = issuingClusterOf(identity);
  const keys = new Map<string, string[]>([[issuing, []]]);
  for (const { type, cluster, sshPublicKeys } of identity.authorities) {
    if (type === 'host') keys.set(cluster, [...(keys.get(cluster) ?? []), ...sshPublicKeys]);
  }
  return [...keys].map(([name, sshPublicKeys]) => ({ name, sshPublicKeys }));
}
