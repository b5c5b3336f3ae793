import { createHash, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';
import type { CredentialParts } from './credential-source.ts';
import { pemBlocks } from './pem-blocks.ts';
import { readPrivateKey } from './private-key.ts';

interface Fields {
  readonly origin: string;
  readonly cert?: { readonly pem: string; readonly x509: X509Certificate };
  readonly key?: KeyObject;
  readonly ca: readonly string[];
  readonly insecure?: boolean;
  readonly renewal?: string;
}

/** One credential, read and found whole. Its key is private to it, so that it shows in no log. */
export class CredentialSet {
  /** Where it came from: a path, or a word such as `memory`. */
  readonly origin: string;
  /** The client certificate, PEM; absent when the caller has no identity yet. */
  readonly cert?: string;
  /** The trusted certificate authorities, one PEM text each. */
  readonly ca: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** The user that the certificate speaks for. */
  readonly user?: string;
  /** The cluster that issued it. */
  readonly cluster?: string;
  /** Serial number of the certificate, hexadecimal: by it the cluster's audit log tells sessions apart. */
  readonly serial?: string;
  /** Whatever certificate the server shows is trusted. */
  readonly insecure: boolean;
  readonly #key?: KeyObject;
  readonly #renewal: string;
  #fingerprint: string | undefined;

  constructor(fields: Fields) {
    this.#renewal = fields.renewal ?? 'issue a new one (tbot renews it, tctl auth sign makes one)';
    this.origin = fields.origin;
    this.ca = fields.ca;
    this.insecure = fields.insecure ?? false;
    if (fields.key) this.#key = fields.key;
    if (!fields.cert) return;
    const { pem, x509 } = fields.cert;
    this.cert = pem;
    this.notBefore = new Date(x509.validFrom);
    this.notAfter = new Date(x509.validTo);
    this.serial = x509.serialNumber;
    const user = nameAttribute(x509.subject, 'CN');
    const cluster = nameAttribute(x509.issuer, 'O');
    if (user !== undefined) this.user = user;
    if (cluster !== undefined) this.cluster = cluster;
  }

  /** Says whether two sets are the same: a hash of the certificate, which stands for its key, and of the authorities. */
  get fingerprint(): string {
    this.#fingerprint ??= createHash('sha256')
      .update(JSON.stringify([this.cert, this.ca, this.insecure]))
      .digest('hex');
    return this.#fingerprint;
  }

  /** The same credential, trusting these authorities (PEM) besides its own. */
  trusting(ca: readonly string[]): CredentialSet {
    const { cert, origin, insecure } = this;
    return new CredentialSet({
      origin,
      insecure,
      renewal: this.#renewal,
      ca: [...this.ca, ...ca.filter((pem) => !this.ca.includes(pem))],
      ...(cert !== undefined && { cert: { pem: cert, x509: new X509Certificate(cert) } }),
      ...(this.#key && { key: this.#key }),
    });
  }

  /** The private key as Node's TLS takes it. */
  privateKeyPem(): string | undefined {
    return this.#key?.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /**
   * Refuses a certificate that is not valid at that moment, since the cluster would cut the connection without saying why.
   *
   * @param nowMs milliseconds since 1970
   * @throws TeleportError `expired`, or `bad_parameter` when it is not valid yet
   */
  assertValidAt(nowMs: number): void {
    const { notBefore, notAfter } = this;
    if (notAfter && nowMs >= notAfter.getTime()) {
      throw new TeleportError('expired', `the certificate in ${this.origin} expired at ${notAfter.toISOString()}`, {
        hint: `it is now ${new Date(nowMs).toISOString()}; ${this.#renewal}`,
      });
    }
    if (notBefore && nowMs < notBefore.getTime()) {
      const message = `the certificate in ${this.origin} is not valid before ${notBefore.toISOString()}`;
      throw new TeleportError('bad_parameter', message, {
        hint: `the clock of this machine says ${new Date(nowMs).toISOString()}: clock skew? Set it right and try again`,
      });
    }
  }
}

/**
 * Puts the parts of a credential together.
 *
 * @param origin where they came from, for errors; an object names each part's own origin
 * @param renewal what to do when it has expired, for the hint
 * @throws TeleportError `bad_parameter` when a part is missing, cut, or does not belong to the others
 */
export function credentialSet(
  parts: CredentialParts,
  origin: string | { readonly cert: string; readonly key: string; readonly ca: string },
  renewal?: string,
): CredentialSet {
  const from = typeof origin === 'string' ? { cert: origin, key: origin, ca: origin } : origin;
  const pem = pemBlocks(parts.cert, from.cert).find((block) => block.label === 'CERTIFICATE')?.text;
  if (pem === undefined) throw missing(from.cert, 'no certificate', 'a PEM block CERTIFICATE');
  const x509 = readCertificate(pem, from.cert);
  const key = readPrivateKey(parts.key, from.key);
  if (!x509.publicKey.equals(createPublicKey(key)) || !signsFor(key, x509.publicKey)) {
    const message =
      from.cert === from.key
        ? `the private key and the certificate in ${from.cert} do not belong together`
        : `the private key ${from.key} does not belong to the certificate ${from.cert}`;
    throw new TeleportError('bad_parameter', message, {
      hint: 'one of the two was replaced without the other; issue both again',
    });
  }
  const ca = authorities(parts.ca, from.ca);
  return new CredentialSet({
    origin: from.cert,
    cert: { pem, x509 },
    key,
    ca,
    ...(renewal !== undefined && { renewal }),
  });
}

/** The certificates of a CA bundle, one PEM text each. */
export function authorities(ca: string | readonly string[], origin: string): string[] {
  const texts = typeof ca === 'string' ? [ca] : ca;
  const found = texts
    .flatMap((text) => pemBlocks(text, origin))
    .filter((block) => block.label === 'CERTIFICATE')
    .map((block) => block.text);
  if (found.length === 0) throw missing(origin, 'no CA certificate', 'the certificate of the cluster’s host CA');
  for (const pem of found) readCertificate(pem, origin);
  return found;
}

/** An attribute of a name as `node:crypto` prints it, one `KEY=value` a line. */
export function nameAttribute(name: string | undefined, key: string): string | undefined {
  const line = name?.split('\n').find((text) => text.startsWith(`${key}=`));
  return line?.slice(key.length + 1);
}

/** A key in a file carries its public half along; only a signature tells whether the secret half is still whole. */
function signsFor(key: KeyObject, publicKey: KeyObject): boolean {
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const text = Buffer.from('a credential');
  try {
    return verify(algorithm, text, publicKey, sign(algorithm, text, key));
  } catch {
    return false;
  }
}

function readCertificate(pem: string, origin: string): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    // Read here, since a key of a sort that OpenSSL does not know throws only now.
    void certificate.publicKey;
    return certificate;
  } catch (cause) {
    throw new TeleportError('bad_parameter', `${origin} holds a certificate that cannot be read`, {
      cause,
      hint: 'the PEM block is there, its content is not an X.509 certificate; copy or issue it again',
    });
  }
}

function missing(origin: string, what: string, need: string): TeleportError {
  return new TeleportError('bad_parameter', `${origin} holds ${what}`, { hint: `what is needed is ${need}` });
}
