/** The name that the certificates of every auth service carry, and the domain of the encoded cluster names. */
export const TELEPORT_CLUSTER_DOMAIN = 'teleport.cluster.local';

/**
 * A cluster's name as a host name, for TLS server names and, after `teleport-auth@`, for ALPN.
 *
 * Lower-case hex of the UTF-8 name, then {@link TELEPORT_CLUSTER_DOMAIN}: a cluster may be called anything,
 * a host name may not.
 *
 * @example
 * encodeClusterName('root.example'); // '726f6f742e6578616d706c65.teleport.cluster.local'
 */
export function encodeClusterName(name: string): string {
  return `${Buffer.from(name, 'utf8').toString('hex')}.${TELEPORT_CLUSTER_DOMAIN}`;
}

/** The cluster that {@link encodeClusterName} encoded; undefined for any other host name. */
export function decodeClusterName(hostName: string): string | undefined {
  const [, hex] = /^((?:[0-9a-f]{2})+)\.teleport\.cluster\.local$/.exec(hostName) ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex').toString('utf8');
}
