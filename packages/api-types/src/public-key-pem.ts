import { createPublicKey } from 'node:crypto';
import { isCurvePoint } from './ec-point.ts';
import { TeleportError } from './teleport-error.ts';

/** SubjectPublicKeyInfo of a P-256 key up to its uncompressed point (RFC 5480). */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** The PEM of a P-256 key as everybody writes it, around the base64 of its point. */
const p256Pem = { length: 178, begin: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE' } as const;
const pemEnd = '\n-----END PUBLIC KEY-----\n';

/**
 * The SubjectPublicKeyInfo (DER) of a public key in PEM, checked: `PUBLIC KEY` of any algorithm that `node:crypto` knows, or
 * `RSA PUBLIC KEY`. A private key is refused, although its public half could be had.
 *
 * P-256, which nearly everybody uses, is read without OpenSSL: its decoder takes longer than a whole call.
 *
 * @throws TeleportError `bad_parameter`
 */
export function publicKeyDer(pem: string): Buffer {
  if (pem.length === p256Pem.length && pem.startsWith(p256Pem.begin) && pem.endsWith(pemEnd)) {
    const der = Buffer.from(pem.slice(27, -pemEnd.length), 'base64');
    if (isCurvePoint('nistp256', der.subarray(p256Prefix.length))) return der;
  }
  const [, label, body = ''] = /^\s*-----BEGIN ((?:RSA )?PUBLIC KEY)-----([^-]*)-----END \1-----\s*$/.exec(pem) ?? [];
  if (label === undefined) throw notAKey();
  const der = Buffer.from(body, 'base64');
  const isP256 = der.subarray(0, p256Prefix.length).equals(p256Prefix);
  if (isP256 && isCurvePoint('nistp256', der.subarray(p256Prefix.length))) return der;
  try {
    return createPublicKey(pem).export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw notAKey(cause);
  }
}

function notAKey(cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', 'expected a public key in PEM form', { cause });
}
