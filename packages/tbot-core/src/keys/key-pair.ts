import { createPublicKey, type KeyObject } from 'node:crypto';
import { type KeyAlgorithm, newPrivateKey, sshPublicKeyLine } from '@teleport-ts/api-types';

/** A fresh key pair with its public half in the two forms that Teleport takes. The private half never leaves the process. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  /** PEM: PKCS#1 `RSA PUBLIC KEY` for RSA, `PUBLIC KEY` (SubjectPublicKeyInfo) for all others. */
  readonly tlsPublicKey: string;
  /** Line of authorized_keys, no comment, no newline. */
  readonly sshPublicKey: string;
}

/**
 * Makes a key pair on the thread pool, so that an RSA key (about 200 ms) does not stop the event loop.
 *
 * @example
 * const { privateKey, tlsPublicKey } = await generateKeyPair('ecdsa-p256');
 */
export async function generateKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { privateKey } = await newPrivateKey(algorithm);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, tlsPublicKey: tlsPublicKeyPem(publicKey), sshPublicKey: sshPublicKeyLine(publicKey) };
}

/** A public key as Teleport writes and expects it in PEM: PKCS#1 for RSA, SubjectPublicKeyInfo for all others. */
export function tlsPublicKeyPem(publicKey: KeyObject): string {
  const type = publicKey.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'spki';
  return publicKey.export({ type, format: 'pem' } as { type: 'spki'; format: 'pem' }) as string;
}
