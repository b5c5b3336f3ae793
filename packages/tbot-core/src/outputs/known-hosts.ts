import { formatCertAuthorityLine, parseSshPublicKey } from '@teleport-ts/api-types';
import type { HostCluster } from './host-clusters.ts';

/** A known_hosts that trusts each cluster's host authority for that cluster's nodes and for the proxy. */
export function knownHosts(clusters: readonly HostCluster[], proxyHost: string): string {
  return clusters
    .flatMap(({ name, sshPublicKeys }) =>
      sshPublicKeys.map((publicKey) => `${formatCertAuthorityLine({ cluster: name, publicKey, proxyHost })}\n`),
    )
    .join('');
}

/** A known_hosts that trusts one cluster's host authority for every host: for a configuration that chose the cluster. */
export function clusterKnownHosts({ name, sshPublicKeys }: HostCluster): string {
  const lines = sshPublicKeys.map((publicKey) => {
    const { type, blob } = parseSshPublicKey(publicKey);
    return `@cert-authority * ${type} ${blob.toString('base64')} type=host\n`;
  });
  return `# Cluster specific known_hosts generated for cluster '${name}'\n${lines.join('')}`;
}
