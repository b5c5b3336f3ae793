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

// Each of these hung within a second while keys were exported as JWK beside the job that had made them.
test.each([
  ['a new key', "newPrivateKeySync('ecdsa-p256')", 'export({ format: "jwk" })'],
  ["a key of Node's own", "generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey", undefined],
])('%s can be exported whatever the garbage collector does meanwhile', async (_, key, exported) => {
  const built = new URL('../dist/index.js', import.meta.url).href;
  const program = `
    import { createPublicKey, generateKeyPairSync } from 'node:crypto';
    import { newPrivateKeySync, sshPublicKeyLine } from ${JSON.stringify(built)};
    for (let n = 0; n < 20; n++) {
      const key = ${key};
      for (let times = 0; times < 100; times++) {
        ${exported ? `key.${exported}` : 'sshPublicKeyLine(createPublicKey(key))'};
      }
    }`;
  const args = ['--max-semi-space-size=1', '--input-type=module', '--eval', program];
  await promisify(execFile)(process.execPath, args, { timeout: 20_000, killSignal: 'SIGKILL' });
});
