import type { KeyObject } from 'node:crypto';
import { type KeyAlgorithm, newPrivateKey, newPrivateKeySync } from '@teleport-ts/api-types';
import { stockedRsaKey } from './rsa-key-stock.ts';

/** A new private key, at once. RSA takes a quarter of a second; {@link makePrivateKeyInBackground} does not block. */
export function makePrivateKey(algorithm: KeyAlgorithm): KeyObject {
  return stocked(algorithm) ?? newPrivateKeySync(algorithm);
}

/** A new private key, made off the event loop. */
export async function makePrivateKeyInBackground(algorithm: KeyAlgorithm): Promise<KeyObject> {
  return stocked(algorithm) ?? (await newPrivateKey(algorithm)).privateKey;
}

function stocked(algorithm: KeyAlgorithm): KeyObject | undefined {
  return algorithm === 'rsa2048' ? stockedRsaKey() : undefined;
}
