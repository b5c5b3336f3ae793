import { createPrivateKey, generateKeyPair, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from './signature-suites.ts';

// In Node 20 a key shares a lock with the job that has generated it, and the garbage collector takes that lock when it
// comes to the job. Exporting the key as JWK holds the lock while it makes strings: a collection at that very moment waits
// for itself, and the process hangs for ever. So keys leave their job as text and are read into objects of their own.

/** A new key. */
export interface NewKey {
  readonly privateKey: KeyObject;
  /** Its public half (RFC 7517). */
  readonly publicJwk: JsonWebKey;
}

const TYPES: Readonly<Record<KeyAlgorithm, readonly [type: string, options: object]>> = {
  rsa2048: ['rsa', { modulusLength: 2048 }],
  'ecdsa-p256': ['ec', { namedCurve: 'P-256' }],
  ed25519: ['ed25519', {}],
};
const AS_JWK = { publicKeyEncoding: { format: 'jwk' }, privateKeyEncoding: { format: 'jwk' } };

/**
 * Makes a key on the thread pool, so that an RSA key (about 200 ms) does not stop the event loop. Unlike one of Node's
 * `generateKeyPair` it may be exported in any form at once.
 *
 * @example
 * const { privateKey } = await newPrivateKey('ecdsa-p256');
 */
export function newPrivateKey(algorithm: KeyAlgorithm): Promise<NewKey> {
  const [type, options] = TYPES[algorithm];
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, publicJwk: JsonWebKey, jwk: JsonWebKey): void => {
      if (error) reject(error);
      else resolve({ privateKey: createPrivateKey({ key: jwk, format: 'jwk' }), publicJwk });
    };
    generateKeyPair(type as 'ec', { ...options, ...AS_JWK } as never, done as never);
  });
}

/** The same at once, on the event loop. */
export function newPrivateKeySync(algorithm: KeyAlgorithm): KeyObject {
  const [type, options] = TYPES[algorithm];
  const { privateKey } = generateKeyPairSync(type as 'ec', { ...options, ...AS_JWK } as never);
  return createPrivateKey({ key: privateKey as unknown as JsonWebKey, format: 'jwk' });
}
