import { createPublicKey } from 'node:crypto';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { makeKeyPair } from './key-pair.ts';

test.each([
  ['application', { namedCurve: 'prime256v1' }],
  ['database', { modulusLength: 2048, publicExponent: 65_537n }],
] as const)('a pair for kind %s is fresh, and its public half reads the same in both forms', async (kind, details) => {
  const pairs = await Promise.all([makeKeyPair(kind), makeKeyPair(kind)]);
  for (const { privateKey, publicKeys } of pairs) {
    const publicKey = createPublicKey(privateKey);
    expect(privateKey.asymmetricKeyDetails).toEqual(details);
    expect(publicKeys.tls).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(publicKeys.ssh).toBe(sshPublicKeyLine(publicKey));
  }
  expect(pairs[0]!.publicKeys.tls).not.toBe(pairs[1]!.publicKeys.tls);
});
