import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  parseSshCertificate,
  parseSshPublicKey,
  parseTlsIdentity,
  privateKeyPem,
  readX509,
  type SshCertificate,
  sshPublicKeyBlob,
  TeleportError,
  type TlsIdentity,
} from '@teleport-ts/api-types';
import type { PublicKeys } from './destination-host.ts';
import type { IdentityRoute, TtlDecision } from './identity-route.ts';
import type { TrustedAuthority } from './trusted-authority.ts';

/** Teleport backdates what it issues by a minute, for clocks that are a little behind (wire: X.509 and SSH alike). */
const BACKDATE_MS = 60_000;

/** The parts that {@link Identity.create} puts together. */
export interface IdentityParts {
  /** Private key of both certificates; absent when the caller keeps it. */
  readonly privateKey?: KeyObject;
  /** Public keys that the certificates must carry, where the private key is not at hand. */
  readonly publicKeys?: PublicKeys;
  /** X.509 certificate, PEM. */
  readonly tlsCertificate?: string;
  /** OpenSSH certificate, one line. */
  readonly sshCertificate?: string;
  readonly authorities: readonly TrustedAuthority[];
  /** When to ask again. Default: after two thirds of the lifetime. */
  readonly refreshAt?: Date;
  /** Default: what the certificates say, uncut. */
  readonly ttl?: TtlDecision;
  readonly route?: IdentityRoute;
}

/**
 * A credential: certificates, the key they belong to, and whom to trust. Immutable, and checked when made: an `Identity`
 * whose key and certificates do not belong together does not exist.
 *
 * @example
 * const identity = await host.generateIdentity({ kind: 'application', name: 'grafana' });
 * const agent = new https.Agent({ cert: identity.tlsCertificate, key: identity.privateKeyPem });
 */
export class Identity {
  /** Private key of the certificates; absent when the requester gave public keys of its own. */
  readonly privateKey?: KeyObject;
  /** X.509 certificate, PEM with a closing newline. */
  readonly tlsCertificate?: string;
  /** OpenSSH certificate, one line without a newline. */
  readonly sshCertificate?: string;
  /** Whom a user of the credential should trust. */
  readonly authorities: readonly TrustedAuthority[];
  /** The SSH certificate, decoded. */
  readonly ssh?: SshCertificate;
  /** Roles that the certificates hold. */
  readonly roles: readonly string[];
  /** The earliest end of the certificates. */
  readonly expires: Date;
  /** When to ask for a new one: ahead of the end. */
  readonly refreshAt: Date;
  readonly ttl: TtlDecision;
  readonly route?: IdentityRoute;
  readonly #tls?: TlsIdentity;

  private constructor(parts: IdentityParts, tls: TlsIdentity | undefined, ssh: SshCertificate | undefined) {
    if (parts.privateKey) this.privateKey = parts.privateKey;
    if (parts.tlsCertificate) this.tlsCertificate = withNewline(parts.tlsCertificate);
    if (parts.sshCertificate) this.sshCertificate = parts.sshCertificate.trim();
    this.authorities = parts.authorities;
    if (tls) this.#tls = tls;
    if (ssh) this.ssh = ssh;
    if (parts.route) this.route = parts.route;
    this.roles = tls?.roles ?? rolesOf(ssh);
    const window = validity(tls, ssh);
    this.expires = window.end;
    const lifetimeMs = window.end.getTime() - window.start.getTime() - BACKDATE_MS;
    this.ttl = parts.ttl ?? { askedMs: lifetimeMs, effectiveMs: lifetimeMs };
    this.refreshAt = parts.refreshAt ?? new Date(window.end.getTime() - lifetimeMs / 3);
  }

  /**
   * Puts an identity together and checks it.
   *
   * @throws TeleportError `bad_parameter` when there is no certificate at all, one cannot be parsed, or a certificate
   * belongs to another key than the given one.
   */
  static create(parts: IdentityParts): Identity {
    if (!parts.tlsCertificate && !parts.sshCertificate) {
      throw new TeleportError('bad_parameter', 'an identity needs at least one certificate');
    }
    const tls = parts.tlsCertificate ? checkedTls(parts.tlsCertificate, parts) : undefined;
    const ssh = parts.sshCertificate ? checkedSsh(parts.sshCertificate, parts) : undefined;
    return new Identity(parts, tls, ssh);
  }

  /**
   * What the X.509 certificate says: user, roles, routes, bot.
   *
   * @throws TeleportError `bad_parameter` for an identity that has an SSH certificate only; `tlsCertificate` tells before.
   */
  get tls(): TlsIdentity {
    if (!this.#tls) throw new TeleportError('bad_parameter', 'the identity holds no X.509 certificate');
    return this.#tls;
  }

  /** Serial number of the X.509 certificate, lower-case hex; empty without one. */
  get serial(): string {
    return this.#tls?.serial.toLowerCase() ?? '';
  }

  /**
   * The private key as Teleport's own tools write it: PKCS#1 for RSA, PKCS#8 for all others; undefined without a key.
   * Secret: not for logs.
   */
  get privateKeyPem(): string | undefined {
    return this.privateKey && privateKeyPem(this.privateKey);
  }
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

function rolesOf(ssh: SshCertificate | undefined): readonly string[] {
  const text = ssh?.extensions.get('teleport-roles');
  try {
    return text ? (JSON.parse(text) as { roles: string[] }).roles : [];
  } catch (cause) {
    throw new TeleportError('bad_parameter', 'the SSH certificate has unreadable roles', { cause });
  }
}

function validity(tls: TlsIdentity | undefined, ssh: SshCertificate | undefined): { start: Date; end: Date } {
  const ends = [tls?.notAfter, ssh?.validBefore].filter((end) => end !== undefined);
  const [start] = [tls?.notBefore, ssh?.validAfter].filter((begin) => begin !== undefined);
  if (!start || ends.length === 0) throw new TeleportError('bad_parameter', 'the certificate has no end');
  return { start, end: new Date(Math.min(...ends.map(Number))) };
}

function checkedTls(pem: string, parts: IdentityParts): TlsIdentity {
  const publicKeyDer = publicKeyOf(pem);
  const publicPem = parts.publicKeys?.tls;
  const own = parts.privateKey ? createPublicKey(parts.privateKey) : undefined;
  const fits = own ? spkiOf(own).equals(publicKeyDer) : publicPem === undefined || isKey(publicPem, publicKeyDer);
  if (!fits) throw mismatch('X.509');
  return parseTlsIdentity(pem);
}

function publicKeyOf(pem: string): Buffer {
  try {
    return readX509(pem).publicKeyDer;
  } catch (cause) {
    throw new TeleportError('bad_parameter', 'the X.509 certificate cannot be parsed', { cause });
  }
}

/** The common case is told by the bytes: OpenSSL's decoder takes longer than everything else here together. */
function isKey(pem: string, der: Buffer): boolean {
  const body = /-----BEGIN PUBLIC KEY-----([^-]+)-----END/.exec(pem)?.[1];
  if (body !== undefined && Buffer.from(body, 'base64').equals(der)) return true;
  return spkiOf(createPublicKey(pem)).equals(der);
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function checkedSsh(text: string, parts: IdentityParts): SshCertificate {
  const ssh = parseSshCertificate(text);
  const line = parts.publicKeys?.ssh;
  const own = parts.privateKey ? sshPublicKeyBlob(parts.privateKey) : line ? parseSshPublicKey(line) : undefined;
  if (own && !own.blob.equals(ssh.publicKey.blob)) throw mismatch('SSH');
  return ssh;
}

function mismatch(kind: string): TeleportError {
  return new TeleportError('bad_parameter', `the ${kind} certificate belongs to another key`);
}
