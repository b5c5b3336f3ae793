import { type CertAuthority, createAuthority } from '../pki/cert-authority.ts';
import { issueSshUserCertificate } from '../pki/ssh-certificate.ts';
import { issueTlsCertificate } from '../pki/tls-certificate.ts';
import type { TlsIdentityInput } from '../pki/tls-subject.ts';

/** What {@link CannedCredentials.issue} certifies. */
export interface CannedRequest {
  /** PEM (PKIX). */
  readonly tlsPublicKey: string;
  /** An authorized_keys line. */
  readonly sshPublicKey: string;
  readonly identity: TlsIdentityInput;
  readonly ttlMs: number;
}

/** An authority as an agent tells of it. */
export interface CannedAuthority {
  readonly type: 'host' | 'user' | 'db';
  readonly cluster: string;
  readonly tlsCertificates: readonly string[];
  readonly sshPublicKeys: readonly string[];
}

/**
 * Real certificates of a cluster that does not run: for tests and benchmarks of what stands between a cluster and
 * those who ask for credentials.
 */
export class CannedCredentials {
  readonly #user: CertAuthority;
  readonly #host: CertAuthority;
  readonly authorities: readonly CannedAuthority[];

  constructor(clusterName = 'root.example') {
    const clock = { now: () => Date.now() };
    this.#user = createAuthority({ type: 'user', clusterName, clock });
    this.#host = createAuthority({ type: 'host', clusterName, clock });
    this.authorities = [this.#host, this.#user].map((authority) => ({
      type: authority.type as 'host' | 'user',
      cluster: clusterName,
      tlsCertificates: [authority.tls.certificate],
      sshPublicKeys: [authority.ssh.publicKey],
    }));
  }

  issue(request: CannedRequest): { readonly tlsCertificate: string; readonly sshCertificate: string } {
    const { identity, ttlMs } = request;
    const end = new Date(Date.now() + ttlMs);
    return {
      tlsCertificate: issueTlsCertificate(this.#user, { publicKey: request.tlsPublicKey, identity, notAfter: end }),
      sshCertificate: issueSshUserCertificate(this.#user, {
        publicKey: request.sshPublicKey,
        identity,
        validBefore: end,
      }),
    };
  }
}
