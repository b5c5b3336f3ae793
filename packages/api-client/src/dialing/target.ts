import { X509Certificate } from 'node:crypto';
import { encodeClusterName, TELEPORT_CLUSTER_DOMAIN, TeleportError } from '@teleport-ts/api-types';
import { type CredentialSet, nameAttribute } from '../credentials/credential-set.ts';

/** The name that every auth service's certificate carries, and the SNI that all of them take. */
export const AUTH_SERVER_NAME: string = TELEPORT_CLUSTER_DOMAIN;

/** The ALPN list that a proxy forwards to the auth service of a cluster. The order matters: routes before `h2`. */
export function authAlpn(cluster: string): string[] {
  return [`teleport-auth@${encodeClusterName(cluster)}`, 'h2'];
}

/**
 * The authorities that may speak for a cluster. All auth services answer to the same name, so a leaf’s authority must not
 * vouch for the root: of a bundle only the certificates whose organization is the cluster count. A bundle that names no
 * cluster at all is taken whole.
 *
 * @throws TeleportError `bad_parameter` when the bundle names clusters, but not this one
 */
export function authoritiesOf(credential: CredentialSet, cluster: string | undefined): readonly string[] {
  if (cluster === undefined) return credential.ca;
  const named = credential.ca.map((pem) => ({ pem, name: nameAttribute(new X509Certificate(pem).subject, 'O') }));
  const trusted = named.filter(({ name }) => name === cluster).map(({ pem }) => pem);
  if (trusted.length > 0) return trusted;
  const others = [...new Set(named.flatMap(({ name }) => name ?? []))];
  if (others.length === 0) return credential.ca;
  const own =
    credential.cluster === undefined || credential.cluster === cluster ? '' : `, it is of ${credential.cluster}`;
  throw new TeleportError('bad_parameter', `${credential.origin} holds no CA of the cluster ${cluster}${own}`, {
    hint: `it holds those of ${others.join(', ')}; issue it again after the clusters came to trust each other`,
  });
}
