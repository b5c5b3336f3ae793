import { createPublicKey, ECDH, KeyObject } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';

/** A public key as a certificate carries it: SubjectPublicKeyInfo in DER. */
export interface CertifiedKey {
  readonly der: Buffer;
  /** Certificates for RSA keys allow key encipherment too. */
  readonly isRsa: boolean;
}

// SubjectPublicKeyInfo of a P-256 key, up to the 65 bytes of its point.
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const p256Length = p256Prefix.length + 65;

/**
 * Reads the public key that a caller wants certified: PEM (PKIX or PKCS#1), or a key object; of a private key the public
 * half. OpenSSL's general decoder and encoder take ten times as long as a signature, so P-256 keys go around them.
 *
 * @throws TeleportError `bad_parameter` when it is no valid public key
 */
export function readCertifiedKey(key: string | KeyObject): CertifiedKey {
  return (typeof key === 'string' ? p256FromPem(key) : undefined) ?? generalKey(key);
}

function p256FromPem(pem: string): CertifiedKey | undefined {
  const base64 = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem)?.[1];
  if (base64 === undefined) return undefined;
  const der = Buffer.from(base64, 'base64');
  if (der.length !== p256Length || !der.subarray(0, p256Prefix.length).equals(p256Prefix)) return undefined;
  try {
    // Refuses a point that is not on the curve.
    ECDH.convertKey(der.subarray(p256Prefix.length), 'prime256v1');
  } catch (cause) {
    throw unreadable(cause);
  }
  return { der, isRsa: false };
}

function generalKey(key: string | KeyObject): CertifiedKey {
  try {
    const publicKey = key instanceof KeyObject && key.type === 'public' ? key : createPublicKey(key);
    return {
      der: publicKey.export({ type: 'spki', format: 'der' }),
      isRsa: publicKey.asymmetricKeyType === 'rsa',
    };
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): TeleportError {
  return new TeleportError('bad_parameter', 'the TLS public key is unreadable', { cause });
}
