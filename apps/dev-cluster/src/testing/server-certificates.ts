import { randomUUID } from 'node:crypto';
import { privateKeyPem } from '@teleport-ts/api-types';
import type { DevCluster } from '../dev-cluster.ts';
import { makePrivateKey } from '../pki/key-pair.ts';
import { issueSshHostCertificate } from '../pki/ssh-certificate.ts';
import { issueTlsCertificate } from '../pki/tls-certificate.ts';
import type { ServerCredentials } from '../pki/web-certificate.ts';

const DAY_MS = 86_400_000;

/** What a server trusts whose users come with certificates of a cluster. */
export interface UserAuthorities {
  /** For `TrustedUserCAKeys` of an sshd, lines of authorized_keys. */
  readonly sshPublicKeys: readonly string[];
  /** PEM. */
  readonly tlsCertificates: readonly string[];
}

/** The authorities of a cluster's users, as `tctl auth export --type=user` prints them. */
export function userAuthorities({ context: { authorities } }: DevCluster): UserAuthorities {
  return { sshPublicKeys: authorities.sshPublicKeys('user'), tlsCertificates: authorities.tlsCertificates('user') };
}

/** An SSH host certificate of the cluster, good under `<nodeName>.<cluster>` and the loopback addresses, for a day. */
export function issueNodeCertificate(
  { context }: DevCluster,
  { nodeName, publicKey }: { readonly nodeName: string; readonly publicKey: string },
): string {
  return issueSshHostCertificate(context.authorities.signing('host'), {
    ...{ publicKey, nodeName, role: 'Node', hostId: randomUUID() },
    validBefore: new Date(context.clock.now() + DAY_MS),
  });
}

/** Key and certificate of a TLS server on loopback, signed by one of the cluster's authorities, good for a day. */
export function issueServerCertificate({ context }: DevCluster, type: 'host' | 'db'): ServerCredentials {
  const key = makePrivateKey('ecdsa-p256');
  const cert = issueTlsCertificate(context.authorities.signing(type), {
    publicKey: key,
    identity: { user: 'localhost', roles: [] },
    notAfter: new Date(context.clock.now() + DAY_MS),
    sans: ['localhost', '127.0.0.1'],
  });
  return { key: privateKeyPem(key), cert };
}
