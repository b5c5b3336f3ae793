import { type KeyObject, X509Certificate } from 'node:crypto';
import {
  parseSshCertificate,
  parseSshPublicKey,
  parseTlsIdentity,
  sshPublicKeyLine,
  TeleportError,
  type TlsIdentity,
} from '@teleport-ts/api-types';
import type { Lifetime } from './renewal-policy.ts';

/** Teleport backdates certificates by a minute, for clocks that are a little behind. */
const BACKDATE_MS = 60_000;

/** What makes up the bot's own identity. */
export interface BotIdentityParts {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly tlsCertificate: string;
  /** One line. */
  readonly sshCertificate: string;
  /** The cluster's user and host CA certificates, PEM each: what the cluster's services are verified by. */
  readonly tlsAuthorities: readonly string[];
  /** SSH public keys of the same authorities, lines of authorized_keys. */
  readonly sshAuthorities: readonly string[];
  /** SHA-256 of the join token, hex: tells whether the configuration names another token since. */
  readonly tokenHash: string;
}

/** The agent's own identity: renewable certificates of the bot user. Checked when made. */
export class BotIdentity implements BotIdentityParts {
  readonly privateKey: KeyObject;
  readonly tlsCertificate: string;
  readonly sshCertificate: string;
  readonly tlsAuthorities: readonly string[];
  readonly sshAuthorities: readonly string[];
  readonly tokenHash: string;
  /** What the X.509 certificate says. */
  readonly tls: TlsIdentity;

  private constructor(parts: BotIdentityParts, tls: TlsIdentity) {
    this.privateKey = parts.privateKey;
    this.tlsCertificate = parts.tlsCertificate;
    this.sshCertificate = parts.sshCertificate;
    this.tlsAuthorities = parts.tlsAuthorities;
    this.sshAuthorities = parts.sshAuthorities;
    this.tokenHash = parts.tokenHash;
    this.tls = tls;
  }

  /** @throws TeleportError `bad_parameter` when a part cannot be read or the certificates belong to another key */
  static create(parts: BotIdentityParts): BotIdentity {
    const certificate = parseCertificate(parts.tlsCertificate);
    if (!certificate.checkPrivateKey(parts.privateKey)) throw foreign('X.509');
    const ssh = parseSshCertificate(parts.sshCertificate);
    const own = parseSshPublicKey(sshPublicKeyLine(parts.privateKey));
    if (!ssh.publicKey.blob.equals(own.blob)) throw foreign('SSH');
    if (parts.tlsAuthorities.length === 0) {
      throw new TeleportError('bad_parameter', 'the identity of the bot holds no certificate authority');
    }
    return new BotIdentity(parts, parseTlsIdentity(certificate));
  }

  /** Name of the bot's own cluster: the one that issued the certificates. */
  get cluster(): string {
    return this.tls.teleportCluster ?? this.tls.routeToCluster;
  }

  get life(): Lifetime {
    return { issuedAtMs: this.tls.notBefore.getTime() + BACKDATE_MS, expiresAtMs: this.tls.notAfter.getTime() };
  }

  /** Whether the certificate is inside its life at `nowMs`. */
  validAt(nowMs: number): boolean {
    return this.tls.notBefore.getTime() <= nowMs && nowMs < this.tls.notAfter.getTime();
  }

  /** Private key as Teleport's own tools write it: PKCS#1 for RSA, PKCS#8 for all others. Secret. */
  get privateKeyPem(): string {
    const type = this.privateKey.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8';
    return this.privateKey.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }) as string;
  }

  /** Its public half, a line of authorized_keys. */
  get sshPublicKey(): string {
    return sshPublicKeyLine(this.privateKey);
  }
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TeleportError('bad_parameter', 'the X.509 certificate of the bot cannot be read', { cause });
  }
}

function foreign(kind: string): TeleportError {
  return new TeleportError('bad_parameter', `the ${kind} certificate of the bot belongs to another key`);
}
