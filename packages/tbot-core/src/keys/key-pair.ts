import { generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { type KeyAlgorithm, sshPublicKeyLine } from '@teleport-ts/api-types';

const generateAsync = promisify(generate);

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
  const { publicKey, privateKey } = await newPair(algorithm);
  return { privateKey, tlsPublicKey: tlsPublicKeyPem(publicKey), sshPublicKey: sshPublicKeyLine(publicKey) };
}

function newPair(algorithm: KeyAlgorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (algorithm === 'rsa2048') return generateAsync('rsa', { modulusLength: 2048 });
  if (algorithm === 'ecdsa-p256') return generateAsync('ec', { namedCurve: 'P-256' });
  return generateAsync('ed25519', {});
}

/** A public key as Teleport writes and expects it in PEM: PKCS#1 for RSA, SubjectPublicKeyInfo for all others. */
export function tlsPublicKeyPem(publicKey: KeyObject): string {
  const type = publicKey.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'spki';
  return publicKey.export({ type, format: 'pem' } as { type: 'spki'; format: 'pem' }) as string;
}
