import { generateKeyPairSync } from 'node:crypto';
import {
  type CertAuthority,
  createAuthority,
  issueHostTlsCertificate,
  issueTlsCertificate,
  WebAuthority,
} from '@teleport-ts/dev-cluster/testing';

const clock = { now: () => Date.now() };

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pem = (key: ReturnType<typeof newKey>): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A key and its certificate, PEM. */
export interface KeyAndCert {
  readonly key: string;
  readonly cert: string;
}

/** The authorities of one cluster, and what they issue. */
export class TestPki {
  readonly cluster: string;
  readonly #host: CertAuthority;
  readonly #user: CertAuthority;

  constructor(cluster = 'root.test') {
    this.cluster = cluster;
    this.#host = createAuthority({ type: 'host', clusterName: cluster, clock });
    this.#user = createAuthority({ type: 'user', clusterName: cluster, clock });
  }

  get hostCa(): string {
    return this.#host.tls.certificate;
  }

  get userCa(): string {
    return this.#user.tls.certificate;
  }

  /** The certificate of an auth service. */
  authService(notAfter?: Date): KeyAndCert {
    const key = newKey();
    const request = { publicKey: key, hostId: 'auth-1', role: 'Auth', ...(notAfter && { notAfter }) };
    return { key: pem(key), cert: issueHostTlsCertificate(this.#host, request) };
  }

  /** The credential of a user: its parts as `loadTLS` takes them. */
  user(life: { notBefore?: Date; notAfter?: Date; usage?: string[] } = {}): KeyAndCert & { ca: string } {
    const key = newKey();
    const cert = issueTlsCertificate(this.#user, {
      publicKey: key,
      identity: { user: 'alice', roles: ['deployer'], usage: life.usage ?? [] },
      notAfter: life.notAfter ?? new Date(Date.now() + 3_600_000),
      ...(life.notBefore && { notBefore: life.notBefore }),
    });
    return { key: pem(key), cert, ca: this.hostCa };
  }
}

/** A certificate as a proxy's web address shows it, and the CA that a browser would trust. */
export function webCertificate(names: readonly string[] = ['localhost', '127.0.0.1']): KeyAndCert & { ca: string } {
  const authority = new WebAuthority({ clock });
  return { ...authority.issue(names), ca: authority.certificate };
}
