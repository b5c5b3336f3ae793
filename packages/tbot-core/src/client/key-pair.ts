import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** A key pair of one who asks on a socket: ECDSA P-256, made off the event loop. */
export async function makeKeyPair(): Promise<{ readonly privateKey: KeyObject; readonly publicKey: KeyObject }> {
  return await generate('ec', { namedCurve: 'P-256' });
}
