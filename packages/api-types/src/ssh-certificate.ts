import { type KeyObject, verify } from 'node:crypto';
import {
  isSshKeyType,
  type SshKeyType,
  type SshPublicKey,
  splitSshLine,
  sshKeyFields,
  sshPublicKeyFromBlob,
  sshPublicKeyObject,
} from './ssh-public-key.ts';
import { malformedSsh, SshReader, sshString } from './ssh-wire.ts';

/** An OpenSSH certificate (PROTOCOL.certkeys of OpenSSH), decoded. */
export interface SshCertificate {
  readonly kind: 'user' | 'host';
  /** The certified key. */
  readonly publicKey: SshPublicKey;
  readonly serial: bigint;
  /** Teleport writes the user name here, and nothing on host certificates. */
  readonly keyId: string;
  /** Logins or host names; none means that the certificate is good for all of them. */
  readonly principals: readonly string[];
  readonly validAfter: Date;
  /** Absent for a certificate that never expires. */
  readonly validBefore?: Date;
  /** Options that a server must understand, such as `source-address`. */
  readonly criticalOptions: ReadonlyMap<string, string>;
  /** `permit-pty`, `teleport-roles` and the like; a mere flag has the empty string as value. */
  readonly extensions: ReadonlyMap<string, string>;
  /** The authority's key, as the certificate names it; see {@link verifySshCertificate}. */
  readonly signingKey: SshPublicKey;
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `rsa-sha2-256`, `rsa-sha2-512` … */
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
  /** The bytes that the signature covers. */
  readonly signedBytes: Buffer;
  readonly comment: string;
}

const certificateSuffix = '-cert-v01@openssh.com';
const neverExpires = 0xffff_ffff_ffff_ffffn;
const lastDateSeconds = 8_640_000_000_000n;

/** Whether a line begins with a certificate's key type. */
export function isSshCertificateLine(line: string): boolean {
  return /^[a-z0-9-]+-cert-v[0-9]{2}@openssh\.com(\s|$)/.test(line);
}

/**
 * Reads a certificate line as in `key-cert.pub`: type, base64, comment. Decodes only; see {@link verifySshCertificate}.
 *
 * ```ts
 * const certificate = parseSshCertificate(await readFile('key-cert.pub', 'utf8'));
 * console.log(certificate.principals, certificate.extensions.get('teleport-roles'));
 * ```
 *
 * @throws TeleportError `bad_parameter` when it is no certificate for an Ed25519, ECDSA or RSA key
 */
export function parseSshCertificate(line: string): SshCertificate {
  const { type, blob, comment } = splitSshLine(line);
  const keyType = type.endsWith(certificateSuffix) ? type.slice(0, -certificateSuffix.length) : '';
  if (!isSshKeyType(keyType)) throw malformedSsh('expected a certificate for an Ed25519, ECDSA or RSA key');
  const reader = new SshReader(blob);
  if (reader.text() !== type) throw malformedSsh('its line and its content name different types');
  reader.string();
  const publicKey = readKey(keyType, reader);
  const serial = reader.uint64();
  const kind = readKind(reader.uint32());
  const keyId = reader.text();
  const principals = readList(reader.string());
  const [after, before] = [reader.uint64(), reader.uint64()];
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  reader.string();
  const signingKey = sshPublicKeyFromBlob(reader.string());
  const signedBytes = blob.subarray(0, reader.offset);
  const signature = new SshReader(reader.string());
  reader.expectEnd();
  return {
    kind,
    publicKey,
    serial,
    keyId,
    principals,
    validAfter: readDate(after),
    ...(before === neverExpires ? {} : { validBefore: readDate(before) }),
    criticalOptions,
    extensions,
    signingKey,
    signatureAlgorithm: signature.text(),
    signature: signature.string(),
    signedBytes,
    comment,
  };
}

/**
 * Whether the certificate's signature is good and, with `authority`, made by that key. Without it the answer says only
 * that the certificate is whole, not that anybody should trust it. SHA-1 signatures (`ssh-rsa`) are never good.
 */
export function verifySshCertificate(certificate: SshCertificate, authority?: Pick<SshPublicKey, 'blob'>): boolean {
  const { signingKey, signatureAlgorithm, signature, signedBytes } = certificate;
  if (authority && !authority.blob.equals(signingKey.blob)) return false;
  return verifySshSignature(
    sshPublicKeyObject(signingKey),
    signingKey.type,
    signatureAlgorithm,
    signature,
    signedBytes,
  );
}

const ecdsaHash: Readonly<Record<string, string>> = {
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
};

function verifySshSignature(
  key: KeyObject,
  keyType: SshKeyType,
  algorithm: string,
  signature: Buffer,
  data: Buffer,
): boolean {
  if (keyType === 'ssh-rsa') {
    const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[algorithm];
    return hash !== undefined && verify(hash, data, key, signature);
  }
  if (algorithm !== keyType) return false;
  if (keyType === 'ssh-ed25519') return verify(null, data, key, signature);
  const size = Math.ceil(Number(keyType.slice(-3)) / 8);
  const pair = ecdsaPair(signature, size);
  return pair !== undefined && verify(ecdsaHash[keyType], data, { key, dsaEncoding: 'ieee-p1363' }, pair);
}

/** The two numbers of an ECDSA signature, each padded to the size of the curve. */
function ecdsaPair(signature: Buffer, size: number): Buffer | undefined {
  const pair = Buffer.alloc(size * 2);
  try {
    const reader = new SshReader(signature);
    for (const end of [size, size * 2]) {
      const number = reader.mpint();
      if (number.length > size) return undefined;
      number.copy(pair, end - number.length);
    }
    return reader.done ? pair : undefined;
  } catch {
    return undefined;
  }
}

function readKey(type: SshKeyType, reader: SshReader): SshPublicKey {
  const fields = [sshString(type)];
  for (let field = 0; field < sshKeyFields[type]; field++) fields.push(sshString(reader.string()));
  return sshPublicKeyFromBlob(Buffer.concat(fields));
}

function readKind(value: number): 'user' | 'host' {
  if (value === 1) return 'user';
  if (value === 2) return 'host';
  throw malformedSsh(`certificate type ${value} is neither user nor host`);
}

function readDate(seconds: bigint): Date {
  return new Date(Number(seconds > lastDateSeconds ? lastDateSeconds : seconds) * 1000);
}

function readList(bytes: Buffer): string[] {
  const items: string[] = [];
  for (const reader = new SshReader(bytes); !reader.done; ) items.push(reader.text());
  return items;
}

// A value is a string inside a string; a flag has no inner string at all.
function readOptions(bytes: Buffer): Map<string, string> {
  const options = new Map<string, string>();
  for (const reader = new SshReader(bytes); !reader.done; ) {
    const name = reader.text();
    const data = new SshReader(reader.string());
    options.set(name, data.done ? '' : data.text());
    data.expectEnd();
  }
  return options;
}
