import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  parseSshCertificate,
  parseTlsIdentity,
  privateKeyPem,
  type SshCertificate,
  sshPublicKeyLine,
  TeleportError,
  type TlsIdentity,
} from '@teleport-ts/api-types';
import { sshCertificateEnd, sshCertificateIsFor, type TlsCertifiedKey, tlsCertifiedKey } from './certified-key.ts';
import type { PublicKeys } from './destination-host.ts';
import type { IdentityRoute, TtlDecision } from './identity-route.ts';
import type { TrustedAuthority } from './trusted-authority.ts';

/** Teleport backdates what it issues by a minute, for clocks that are a little behind (wire: X.509 and SSH alike). */
const BACKDATE_MS = 60_000;

/** The parts that {@link Identity.create} puts together. */
export interface IdentityParts {
  /** Private key of both certificates; absent when the caller keeps it. */
  readonly privateKey?: KeyObject;
  /** Public keys that the certificates must carry. Beside a private key they are taken for its public half. */
  readonly publicKeys?: PublicKeys;
  /** X.509 certificate, PEM. */
  readonly tlsCertificate?: string;
  /** OpenSSH certificate, one line. */
  readonly sshCertificate?: string;
  readonly authorities: readonly TrustedAuthority[];
  /** What the X.509 certificate says, where the issuer has decoded it. Default: decoded when asked for. */
  readonly tls?: TlsIdentity;
  /** Roles and the earliest end, where the issuer has read them from the certificates. Default: read here. */
  readonly roles?: readonly string[];
  readonly expires?: Date;
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
  /** Roles that the certificates hold. */
  readonly roles: readonly string[];
  /** The earliest end of the certificates. */
  readonly expires: Date;
  /** When to ask for a new one: ahead of the end. */
  readonly refreshAt: Date;
  readonly ttl: TtlDecision;
  /** Serial number of the X.509 certificate, lower-case hex; empty without one. */
  readonly serial: string;
  readonly route?: IdentityRoute;
  readonly #publicKeys: PublicKeys | undefined;
  #tls: TlsIdentity | undefined;
  #ssh: SshCertificate | undefined;

  private constructor(parts: IdentityParts, serial: string) {
    if (parts.privateKey) this.privateKey = parts.privateKey;
    if (parts.tlsCertificate) this.tlsCertificate = withNewline(parts.tlsCertificate);
    if (parts.sshCertificate) this.sshCertificate = parts.sshCertificate.trim();
    this.authorities = parts.authorities;
    if (parts.route) this.route = parts.route;
    this.serial = serial;
    this.#publicKeys = parts.publicKeys;
    this.#tls = parts.tls;
    this.roles = parts.roles ?? (this.tlsCertificate ? this.tls.roles : rolesOf(this.ssh));
    this.expires = parts.expires ?? this.#validity().end;
    this.ttl = parts.ttl ?? this.#lifetime();
    this.refreshAt = parts.refreshAt ?? new Date(this.expires.getTime() - this.ttl.effectiveMs / 3);
  }

  /**
   * Puts an identity together and checks it.
   *
   * @throws TeleportError `bad_parameter` when there is no certificate at all, one cannot be parsed, or a certificate
   * belongs to another key than the given one.
   */
  static create(parts: IdentityParts): Identity {
    const { tlsCertificate, sshCertificate } = parts;
    if (!tlsCertificate && !sshCertificate) {
      throw new TeleportError('bad_parameter', 'an identity needs at least one certificate');
    }
    const serial = tlsCertificate ? checkTls(tlsCertificate, parts) : '';
    if (sshCertificate) checkSsh(sshCertificate, parts);
    return new Identity(parts, serial);
  }

  /**
   * What the X.509 certificate says: user, roles, routes, bot. Decoded when first asked for.
   *
   * @throws TeleportError `bad_parameter` for an identity that has an SSH certificate only; `tlsCertificate` tells before.
   */
  get tls(): TlsIdentity {
    if (!this.tlsCertificate) throw new TeleportError('bad_parameter', 'the identity holds no X.509 certificate');
    this.#tls ??= parseTlsIdentity(this.tlsCertificate);
    return this.#tls;
  }

  /** What the SSH certificate says; undefined without one. Decoded when first asked for. */
  get ssh(): SshCertificate | undefined {
    if (this.sshCertificate) this.#ssh ??= parseSshCertificate(this.sshCertificate);
    return this.#ssh;
  }

  /**
   * The private key as Teleport's own tools write it: PKCS#1 for RSA, PKCS#8 for all others; undefined without a key.
   * Secret: not for logs.
   */
  get privateKeyPem(): string | undefined {
    return this.privateKey && privateKeyPem(this.privateKey);
  }

  /** The public key as a line of authorized_keys; undefined where neither key nor public key was given. */
  get sshPublicKey(): string | undefined {
    return this.#publicKeys?.ssh ?? (this.privateKey && sshPublicKeyLine(this.privateKey));
  }

  #validity(): { start: Date; end: Date } {
    const tls = this.tlsCertificate ? this.tls : undefined;
    const ends = [tls?.notAfter, this.#sshEnd()].filter((end) => end !== undefined);
    const start = tls?.notBefore ?? this.ssh?.validAfter;
    if (!start || ends.length === 0) throw new TeleportError('bad_parameter', 'the certificate has no end');
    return { start, end: new Date(Math.min(...ends.map(Number))) };
  }

  #sshEnd(): Date | undefined {
    if (!this.sshCertificate) return undefined;
    return sshCertificateEnd(this.sshCertificate) ?? this.ssh?.validBefore;
  }

  #lifetime(): TtlDecision {
    const { start, end } = this.#validity();
    const lifetimeMs = end.getTime() - start.getTime() - BACKDATE_MS;
    return { askedMs: lifetimeMs, effectiveMs: lifetimeMs };
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

/** @returns the serial number */
function checkTls(pem: string, { privateKey, publicKeys }: IdentityParts): string {
  const certified = certifiedKeyOf(pem);
  const own = publicKeys?.tls;
  const fits = own
    ? isKey(own, certified.publicKeyDer)
    : !privateKey || spkiOf(createPublicKey(privateKey)).equals(certified.publicKeyDer);
  if (!fits) throw mismatch('X.509');
  return certified.serial;
}

function certifiedKeyOf(pem: string): TlsCertifiedKey {
  let cause: unknown;
  try {
    const found = tlsCertifiedKey(pem);
    if (found) return found;
  } catch (error) {
    cause = error;
  }
  throw new TeleportError('bad_parameter', 'the X.509 certificate cannot be parsed', { cause });
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

function checkSsh(line: string, { privateKey, publicKeys }: IdentityParts): void {
  const own = publicKeys?.ssh ?? (privateKey && sshPublicKeyLine(privateKey));
  if (!own || sshCertificateIsFor(line, own)) return;
  parseSshCertificate(line);
  throw mismatch('SSH');
}

function mismatch(kind: string): TeleportError {
  return new TeleportError('bad_parameter', `the ${kind} certificate belongs to another key`);
}
