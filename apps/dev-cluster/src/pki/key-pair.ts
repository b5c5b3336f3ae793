import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyAlgorithm } from '@teleport-ts/api-types';
import { stockedRsaKey } from './rsa-key-stock.ts';

const generate = promisify(generateKeyPair);

/** A new private key, at once. RSA takes a quarter of a second; {@link makePrivateKeyInBackground} does not block. */
export function makePrivateKey(algorithm: KeyAlgorithm): KeyObject {
  switch (algorithm) {
    case 'rsa2048':
      return stockedRsaKey() ?? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'ecdsa-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
  }
}

/** A new private key, made off the event loop. */
export async function makePrivateKeyInBackground(algorithm: KeyAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'rsa2048':
      return stockedRsaKey() ?? (await generate('rsa', { modulusLength: 2048 })).privateKey;
    case 'ecdsa-p256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
    case 'ed25519':
      return (await generate('ed25519')).privateKey;
  }
}
