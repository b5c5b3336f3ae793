import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { systemClock } from '../clock.ts';
import type { DevCluster } from '../dev-cluster.ts';
import { type CertAuthority, type CertAuthorityState, restoreAuthority } from '../pki/cert-authority.ts';
import { issueTlsCertificate } from '../pki/tls-certificate.ts';
import type { TlsIdentityInput } from '../pki/tls-subject.ts';
import { userClient, wireKey } from './wire-bot.ts';
import type { WireCredentials } from './wire-client.ts';

const HOUR_MS = 3_600_000;

/** Certificates that an authority of a cluster has signed, and that say what the cluster itself would never write. */
export class HandMadeCertificates {
  readonly authority: CertAuthority;

  private constructor(authority: CertAuthority) {
    this.authority = authority;
  }

  /** `admin` is a user who may read the authority's private keys. */
  static async of(cluster: DevCluster, admin: string, type: 'user' | 'host' = 'user'): Promise<HandMadeCertificates> {
    using client = await userClient(cluster, admin);
    const request = { type, domain: cluster.name, includeKey: true };
    const { Spec } = await client.call(TrustServiceDefinition, 'getCertAuthority', request);
    const pair = Spec?.ActiveKeys?.TLS[0];
    const state: CertAuthorityState = {
      type,
      clusterName: cluster.name,
      suite: 'balanced-v1',
      created: new Date().toISOString(),
      tls: { certificate: String(pair?.Cert), privateKey: String(pair?.Key) },
    };
    return new HandMadeCertificates(restoreAuthority(state, { clock: systemClock }));
  }

  /** A certificate for `identity`, an hour long from now unless said otherwise. */
  issue(identity: TlsIdentityInput, life: { notBefore?: Date; notAfter?: Date } = {}): WireCredentials {
    const { key, tlsPublicKey } = wireKey();
    const notAfter = new Date(Date.now() + HOUR_MS);
    const cert = issueTlsCertificate(this.authority, {
      ...{ publicKey: tlsPublicKey.toString(), identity, notAfter },
      ...life,
    });
    return { key, cert };
  }
}
