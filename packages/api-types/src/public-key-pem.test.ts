import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicKeyDer } from './public-key-pem.ts';
import { isTeleportError } from './teleport-error.ts';

const pem = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki'): string =>
  key.export({ type, format: 'pem' } as { type: 'spki'; format: 'pem' }) as string;
const keys: Record<string, KeyObject> = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
  Ed25519: generateKeyPairSync('ed25519').publicKey,
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
};

const refusal = (text: string): string => {
  try {
    publicKeyDer(text);
  } catch (error) {
    if (isTeleportError(error, 'bad_parameter')) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('a public key in PEM', () => {
  it.each(Object.entries(keys))('%s is read', (_, key) => {
    const der = key.export({ type: 'spki', format: 'der' });
    expect(publicKeyDer(pem(key))).toEqual(der);
    expect(publicKeyDer(`\n${pem(key).replaceAll('\n', '\r\n')}\n`)).toEqual(der);
  });

  it('may be in PKCS#1, and is SubjectPublicKeyInfo afterwards', () => {
    expect(publicKeyDer(pem(keys.RSA!, 'pkcs1'))).toEqual(keys.RSA!.export({ type: 'spki', format: 'der' }));
  });

  it('is refused when it is a private key, no key, or more than one', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const whole = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    for (const text of ['', 'x', whole, pem(keys['P-256']!) + whole, pem(keys['P-256']!).slice(0, 80)]) {
      expect(refusal(text)).toBe('expected a public key in PEM form');
    }
  });

  it('is refused when its point is not on the curve, or it is cut short', () => {
    const der = keys['P-256']!.export({ type: 'spki', format: 'der' });
    const text = (bytes: Buffer): string =>
      `-----BEGIN PUBLIC KEY-----\n${bytes.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const bent = Buffer.from(der);
    bent[bent.length - 1]! ^= 1;
    expect(refusal(text(bent))).toBe('expected a public key in PEM form');
    expect(refusal(text(der.subarray(0, -1)))).toBe('expected a public key in PEM form');
    expect(refusal(text(der))).toBe('accepted');
  });
});
