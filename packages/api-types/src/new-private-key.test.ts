import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newPrivateKey, newPrivateKeySync } from './new-private-key.ts';
import type { KeyAlgorithm } from './signature-suites.ts';

const types: readonly [KeyAlgorithm, object][] = [
  ['rsa2048', { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048, publicExponent: 65537n } }],
  ['ecdsa-p256', { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } }],
  ['ed25519', { asymmetricKeyType: 'ed25519' }],
];

test.each(types)('%s: a private key of its own each time', async (algorithm, expected) => {
  const [{ privateKey, publicJwk }, other] = [await newPrivateKey(algorithm), newPrivateKeySync(algorithm)];
  for (const key of [privateKey, other]) expect(key).toMatchObject({ type: 'private', ...expected });
  expect(privateKey.equals(other)).toBe(false);
  expect(createPublicKey(privateKey).equals(createPublicKey({ key: publicJwk, format: 'jwk' }))).toBe(true);
  expect(publicJwk.d).toBeUndefined();
});

// Exported as JWK beside the job that had made them, the first hung each time and the second nine times of ten.
test.each([
  ['a new key', "newPrivateKeySync('ecdsa-p256')", "key.export({ format: 'jwk' })", 20, 100],
  [
    "a key of Node's own",
    "generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey",
    'sshPublicKeyLine(createPublicKey(key))',
    600,
    20,
  ],
])('%s can be exported whatever the garbage collector does meanwhile', async (_, key, exported, keys, times) => {
  const built = new URL('../dist/index.js', import.meta.url).href;
  const program = `
    import { createPublicKey, generateKeyPairSync } from 'node:crypto';
    import { newPrivateKeySync, sshPublicKeyLine } from ${JSON.stringify(built)};
    for (let n = 0; n < ${keys}; n++) {
      const key = ${key};
      for (let time = 0; time < ${times}; time++) ${exported};
    }`;
  const args = ['--max-semi-space-size=1', '--input-type=module', '--eval', program];
  await promisify(execFile)(process.execPath, args, { timeout: 20_000, killSignal: 'SIGKILL' });
});
