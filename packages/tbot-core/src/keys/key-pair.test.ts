import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { botKeyAlgorithm, consumerKeyAlgorithm } from './key-algorithm.ts';
import { generateKeyPair } from './key-pair.ts';

describe('generateKeyPair', () => {
  it.each([
    ['rsa2048', 'BEGIN RSA PUBLIC KEY', 'ssh-rsa '],
    ['ecdsa-p256', 'BEGIN PUBLIC KEY', 'ecdsa-sha2-nistp256 '],
    ['ed25519', 'BEGIN PUBLIC KEY', 'ssh-ed25519 '],
  ] as const)('gives both public forms of a %s key', async (algorithm, pem, line) => {
    const pair = await generateKeyPair(algorithm);
    expect(pair.tlsPublicKey).toContain(pem);
    expect(pair.sshPublicKey.startsWith(line)).toBe(true);
    expect(pair.sshPublicKey).not.toContain('\n');
    expect(createPublicKey(pair.tlsPublicKey).equals(createPublicKey(pair.privateKey))).toBe(true);
  });

  it('leaves the event loop free while it makes an RSA key', async () => {
    let turns = 0;
    const count = setInterval(() => turns++, 1);
    try {
      await Promise.all([generateKeyPair('rsa2048'), generateKeyPair('rsa2048'), generateKeyPair('rsa2048')]);
    } finally {
      clearInterval(count);
    }
    expect(turns).toBeGreaterThan(1);
  });
});

describe('which key', () => {
  it('follows the suite for the bot', () => {
    for (const suite of [undefined, '', 0, 1, 'legacy', 'SIGNATURE_ALGORITHM_SUITE_LEGACY']) {
      expect(botKeyAlgorithm(suite)).toBe('rsa2048');
    }
    for (const suite of [2, 3, 4, 'balanced-v1', 'fips-v1', 'hsm-v1', 'SIGNATURE_ALGORITHM_SUITE_BALANCED_V1']) {
      expect(botKeyAlgorithm(suite)).toBe('ecdsa-p256');
    }
  });

  it('follows the consumer for credentials', () => {
    expect(consumerKeyAlgorithm('database')).toBe('rsa2048');
    expect(consumerKeyAlgorithm('application')).toBe('ecdsa-p256');
  });
});
