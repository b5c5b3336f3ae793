import { createPublicKey } from 'node:crypto';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { makeKeyPair } from './key-pair.ts';

test('a pair is P-256, fresh, and its public half reads the same in both forms', async () => {
  const pairs = await Promise.all([makeKeyPair(), makeKeyPair()]);
  for (const { privateKey, publicKeys } of pairs) {
    const publicKey = createPublicKey(privateKey);
    expect(privateKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(publicKeys.tls).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(publicKeys.ssh).toBe(sshPublicKeyLine(publicKey));
  }
  expect(pairs[0]!.publicKeys.tls).not.toBe(pairs[1]!.publicKeys.tls);
});
