import { X509Certificate } from 'node:crypto';
import type { SignatureSuite } from '@teleport-ts/api-types';
import type { ClientAuthority } from '../auth/client-certificate.ts';
import { type Clock, systemClock } from '../clock.ts';
import {
  type AuthorityType,
  type CertAuthority,
  type CertAuthorityState,
  createAuthority,
  restoreAuthority,
} from '../pki/cert-authority.ts';
import { WebAuthority, type WebAuthorityState } from '../pki/web-certificate.ts';
import { jsonCodec } from '../store/codec.ts';
import type { Collection } from '../store/collection.ts';
import type { Store } from '../store/store.ts';

export const AUTHORITY_TYPES: readonly AuthorityType[] = ['host', 'user', 'db', 'db_client', 'openssh'];

/** The cluster's certificate authorities, and the one behind the proxy's web certificate. */
export class Authorities {
  readonly web: WebAuthority;
  readonly #byType = new Map<AuthorityType, CertAuthority>();
  readonly #parsed = new Map<string, X509Certificate>();

  constructor(options: { store: Store; clock: Clock; clusterName: string; suite: SignatureSuite }) {
    const { store, clock, clusterName, suite } = options;
    const kept = store.collection('cert_authority', { codec: jsonCodec<CertAuthorityState>() });
    const onKeyMade = (authority: CertAuthority): void => kept.put(authority.type, authority.toState());
    for (const type of AUTHORITY_TYPES) {
      const state = kept.get(type);
      const authority = state
        ? restoreAuthority(state, { clock, onKeyMade })
        : createAuthority({ type, clusterName, suite, clock, onKeyMade });
      this.#byType.set(type, authority);
    }
    this.web = openWebAuthority(store.collection('web_authority', { codec: jsonCodec<WebAuthorityState>() }));
  }

  /** The authority that signs. */
  signing(type: AuthorityType): CertAuthority {
    return this.#byType.get(type) as CertAuthority;
  }

  /** All generations of an authority whose certificates are trusted, the signing one first. */
  trusted(type: AuthorityType): readonly CertAuthority[] {
    return [this.signing(type)];
  }

  /** X.509 certificates of all trusted generations, PEM. */
  tlsCertificates(type: AuthorityType): string[] {
    return this.trusted(type).map(({ tls }) => tls.certificate);
  }

  /** SSH public keys of all trusted generations, authorized_keys lines with a newline. */
  sshPublicKeys(type: AuthorityType): string[] {
    return this.trusted(type).map(({ ssh }) => `${ssh.publicKey}\n`);
  }

  /** What client certificates are checked against. */
  forClients(): ClientAuthority[] {
    return (['user', 'host'] as const).map((type) => ({
      type,
      cluster: this.signing(type).clusterName,
      certificates: this.tlsCertificates(type).map((pem) => this.#parse(pem)),
    }));
  }

  #parse(pem: string): X509Certificate {
    const parsed = this.#parsed.get(pem) ?? new X509Certificate(pem);
    this.#parsed.set(pem, parsed);
    return parsed;
  }
}

const WEB = 'web';

// By the machine's clock, whatever the cluster's says: curl and browsers look at no other.
function openWebAuthority(kept: Collection<WebAuthorityState>): WebAuthority {
  const state = kept.get(WEB);
  const authority = new WebAuthority({ clock: systemClock, ...(state && { state }) });
  if (!state) kept.put(WEB, authority.toState());
  return authority;
}
