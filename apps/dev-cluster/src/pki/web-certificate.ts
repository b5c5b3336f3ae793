import { privateKeyPem, TELEPORT_OID } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import { makePrivateKey } from './key-pair.ts';
import { makeTlsAuthority, readTlsAuthority, type TlsAuthority, tenYearsMs } from './tls-authority.ts';
import { backdateMs, signTlsCertificate } from './tls-certificate.ts';
import { serverAuthOnly } from './x509-extensions.ts';
import { distinguishedName } from './x509-name.ts';

/** Names under which the proxy's web port is reached on the own machine. */
export const localNames: readonly string[] = ['localhost', '*.localhost', '127.0.0.1', '::1'];

/** A web authority as it lies on disk. Holds a private key. */
export interface WebAuthorityState {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A key and its certificate, both PEM, as `tls.createServer` takes them. */
export interface ServerCredentials {
  readonly key: string;
  readonly cert: string;
}

/** The authority behind the proxy's web certificate. Not one of the cluster's: a browser or `curl --cacert` trusts it. */
export class WebAuthority {
  readonly #authority: TlsAuthority;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(options: { readonly clock: Pick<Clock, 'now'>; readonly state?: WebAuthorityState }) {
    this.#clock = options.clock;
    this.#authority = options.state
      ? readTlsAuthority(options.state.certificate, options.state.privateKey)
      : makeTlsAuthority(makePrivateKey('ecdsa-p256'), 'dev-cluster web', new Date(options.clock.now() - backdateMs));
  }

  /** PEM. */
  get certificate(): string {
    return this.#authority.certificate;
  }

  /**
   * A new P-256 key with a server certificate, good for a year. Node and curl refuse `*.localhost`, a wildcard below a
   * top-level name, so give `app.localhost` itself where such a name must be reached.
   */
  issue(names: readonly string[] = localNames): ServerCredentials {
    const key = makePrivateKey('ecdsa-p256');
    const now = this.#clock.now();
    const cert = signTlsCertificate(this.#authority, {
      publicKey: key,
      subjectName: distinguishedName([[TELEPORT_OID.user, names.slice(0, 1)]]),
      notBefore: new Date(now - backdateMs),
      notAfter: new Date(now + tenYearsMs / 10),
      purpose: serverAuthOnly,
      sans: names,
    });
    return { key: privateKeyPem(key), cert };
  }

  /** What to keep on disk. Holds a private key. */
  toState(): WebAuthorityState {
    return { certificate: this.#authority.certificate, privateKey: privateKeyPem(this.#authority.privateKey) };
  }
}
