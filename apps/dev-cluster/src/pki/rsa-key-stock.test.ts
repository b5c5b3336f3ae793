import type { KeyObject } from 'node:crypto';
import { expect, it } from 'vitest';
import { makePrivateKey } from './key-pair.ts';
import { stockedRsaKey } from './rsa-key-stock.ts';

it('gives each key once, and new ones are made when it is empty', () => {
  const keys: KeyObject[] = [];
  for (let key = stockedRsaKey(); key; key = stockedRsaKey()) keys.push(key);
  expect(keys.length).toBeGreaterThan(0);
  keys.push(makePrivateKey('rsa2048'));
  expect(new Set(keys.map((key) => key.export({ type: 'pkcs8', format: 'pem' }))).size).toBe(keys.length);
  for (const key of keys) expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
});
