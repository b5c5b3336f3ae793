import { createHash, createPublicKey, ECDH, type JsonWebKey, KeyObject } from 'node:crypto';
import { DerReader, DerTag } from './der-reader.ts';
import { isCurvePoint } from './ec-point.ts';
import { malformedSsh, SshReader, sshMpint, sshString } from './ssh-wire.ts';
import { TeleportError } from './teleport-error.ts';

/** The types of SSH keys that Teleport issues certificates for. */
export type SshKeyType =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'ssh-rsa';

/** An SSH public key in its wire form (RFC 4253, 5656, 8709). */
export interface SshPublicKey {
  readonly type: SshKeyType;
  /** What stands in base64 in an authorized_keys line. */
  readonly blob: Buffer;
  /** What follows the key in its line; the empty string when nothing does. */
  readonly comment: string;
}

/** What is between the key type and the end of a key's wire form, by key type. */
export const sshKeyFields: Readonly<Record<SshKeyType, number>> = {
  'ssh-ed25519': 1,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'ssh-rsa': 2,
};

const curves: Readonly<Record<string, string>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' };

// Object identifiers in a SubjectPublicKeyInfo: RFC 5480, 8017, 8410.
const EC = '1.2.840.10045.2.1';
const RSA = '1.2.840.113549.1.1.1';
const ED25519 = '1.3.101.112';
const CURVE_OF_OID: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'nistp256',
  '1.3.132.0.34': 'nistp384',
  '1.3.132.0.35': 'nistp521',
};

export function isSshKeyType(type: string): type is SshKeyType {
  return Object.hasOwn(sshKeyFields, type);
}

/**
 * Reads one line of an authorized_keys or `.pub` file: type, base64, comment. Options before the type are not accepted.
 *
 * @throws TeleportError `bad_parameter` when it is none, or a key of another type (`sk-…`, `ssh-dss`)
 */
export function parseSshPublicKey(line: string): SshPublicKey {
  const { type, blob, comment } = splitSshLine(line);
  if (!isSshKeyType(type)) throw unsupportedKeyType(type);
  const reader = new SshReader(blob);
  if (reader.text() !== type) throw malformedSsh('its line and its content name different key types');
  checkKey(type, reader);
  reader.expectEnd();
  return { type, blob, comment };
}

/** Reads a public key from its wire form, the blob that an authorized_keys line holds in base64. */
export function sshPublicKeyFromBlob(blob: Buffer): SshPublicKey {
  const reader = new SshReader(blob);
  const type = reader.text();
  if (!isSshKeyType(type)) throw unsupportedKeyType(type);
  checkKey(type, reader);
  reader.expectEnd();
  return { type, blob, comment: '' };
}

/** Reads the fields behind the key type. Throws `bad_parameter` when they are no valid key. */
function checkKey(type: SshKeyType, reader: SshReader): void {
  let isValid: boolean;
  if (type === 'ssh-ed25519') {
    isValid = reader.string().length === 32;
  } else if (type === 'ssh-rsa') {
    const [exponent, modulus] = [reader.mpint(), reader.mpint()];
    isValid = exponent.length > 0 && modulus.length > 0;
  } else {
    const curve = reader.text();
    const point = reader.string();
    if (!type.endsWith(curve) || point[0] !== 4) throw malformedSsh('unreadable curve point');
    isValid = isCurvePoint(curve, point);
  }
  if (!isValid) throw invalidKey();
}

/** The key as `node:crypto` uses it. Throws `bad_parameter` when it is no valid key, such as a point off its curve. */
export function sshPublicKeyObject(key: Pick<SshPublicKey, 'blob'>): KeyObject {
  const reader = new SshReader(key.blob);
  const jwk = publicJwk(reader.text(), reader);
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw invalidKey(cause);
  }
}

/** The fields of a public key as a JSON Web Key; the reader stands behind the key type, or behind a certificate's nonce. */
export function publicJwk(type: string, reader: SshReader): JsonWebKey {
  switch (type) {
    case 'ssh-ed25519':
      return { kty: 'OKP', crv: 'Ed25519', x: reader.string().toString('base64url') };
    case 'ssh-rsa': {
      const exponent = reader.mpint();
      return { kty: 'RSA', e: exponent.toString('base64url'), n: reader.mpint().toString('base64url') };
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521': {
      const curve = reader.text();
      const point = reader.string();
      const size = (point.length - 1) / 2;
      if (!type.endsWith(curve) || point[0] !== 4 || !Number.isInteger(size))
        throw malformedSsh('unreadable curve point');
      return {
        kty: 'EC',
        crv: curves[curve]!,
        x: point.toString('base64url', 1, 1 + size),
        y: point.toString('base64url', 1 + size),
      };
    }
    default:
      throw unsupportedKeyType(type);
  }
}

/**
 * The wire form of a public key; of a private key, its public half.
 *
 * @throws TeleportError `bad_parameter` for a key that SSH has no form for
 */
export function sshPublicKeyBlob(key: KeyObject | string): SshKeyBlob {
  if (!(key instanceof KeyObject)) return blobOf(publicKeyOf(key));
  const known = blobs.get(key);
  if (known) return known;
  const blob = blobOf(key.type === 'public' ? key : publicKeyOf(key));
  blobs.set(key, blob);
  return blob;
}

type SshKeyBlob = Pick<SshPublicKey, 'type' | 'blob'>;

/** A key that signs is asked for its form with each signature; OpenSSL's encoder takes longer than the signature. */
const blobs = new WeakMap<KeyObject, SshKeyBlob>();

function blobOf(publicKey: KeyObject): SshKeyBlob {
  // Not as JWK: see `new-private-key.ts` for what that may do to a key that was made a moment ago.
  const info = new DerReader(publicKey.export({ type: 'spki', format: 'der' })).enter(DerTag.sequence);
  const algorithm = info.enter(DerTag.sequence);
  const oid = algorithm.objectIdentifier();
  // Behind the number of bits that are not used.
  const bits = info.content(info.next(DerTag.bitString)).subarray(1);
  if (oid === ED25519) {
    const type = 'ssh-ed25519';
    return { type, blob: Buffer.concat([sshString(type), sshString(bits)]) };
  }
  if (oid === RSA) {
    const numbers = new DerReader(bits).enter(DerTag.sequence);
    const [modulus, exponent] = [0, 1].map(() => sshMpint(numbers.content(numbers.next(DerTag.integer))));
    return { type: 'ssh-rsa', blob: Buffer.concat([sshString('ssh-rsa'), exponent!, modulus!]) };
  }
  const curve = oid === EC ? CURVE_OF_OID[algorithm.objectIdentifier()] : undefined;
  const type = `ecdsa-sha2-${curve}`;
  if (curve === undefined || !isSshKeyType(type)) throw unsupportedKeyType(publicKey.asymmetricKeyType ?? oid);
  // A point in its short form is written out.
  const point = bits[0] === 4 ? bits : ECDH.convertKey(bits, publicKey.asymmetricKeyDetails?.namedCurve ?? '');
  return { type, blob: Buffer.concat([sshString(type), sshString(curve), sshString(point)]) };
}

/**
 * The authorized_keys line of a key (`KeyObject`, or PEM text), without a newline; of a private key, its public half.
 *
 * ```ts
 * const { publicKey } = generateKeyPairSync('ed25519');
 * sshPublicKeyLine(publicKey); // ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…
 * ```
 *
 * @throws TeleportError `bad_parameter` for a key that SSH has no form for
 */
export function sshPublicKeyLine(key: KeyObject | string, comment = ''): string {
  const { type, blob } = sshPublicKeyBlob(key);
  return `${type} ${blob.toString('base64')}${comment === '' ? '' : ` ${comment}`}`;
}

/** `SHA256:…` of a key, as `ssh-keygen -l` prints it. */
export function sshFingerprint(key: Pick<SshPublicKey, 'blob'>): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`;
}

/** Type, decoded base64 and comment of a line; the base64 must be exact, since a lenient reader hides a cut line. */
export function splitSshLine(line: string): { type: string; blob: Buffer; comment: string } {
  const match = /^\s*(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(.*?))?\s*$/.exec(line);
  if (!match) throw malformedSsh('expected a line of key type, base64 and comment');
  const [, type = '', base64 = '', comment = ''] = match;
  const blob = Buffer.from(base64, 'base64');
  if (base64.length % 4 !== 0) throw malformedSsh('its base64 is cut short');
  return { type, blob, comment };
}

function publicKeyOf(key: KeyObject | string): KeyObject {
  try {
    return createPublicKey(key);
  } catch (cause) {
    throw new TeleportError('bad_parameter', 'expected a public or private key in PEM form', { cause });
  }
}

const printable = (text: string): string => text.replace(/[^\x21-\x7e]/g, '?').slice(0, 64);

function invalidKey(cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', 'malformed SSH key or certificate: it holds no valid public key', {
    cause,
  });
}

function unsupportedKeyType(type: string): TeleportError {
  return new TeleportError('bad_parameter', `SSH key type ${JSON.stringify(printable(type))} is not supported`, {
    hint: `supported are ${Object.keys(sshKeyFields).join(', ')}`,
  });
}
