import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from './private-key.ts';
import { openSshPrivateKey } from './ssh-private-key.ts';
import { sshPublicKeyLine } from './ssh-public-key.ts';

const keys: Readonly<Record<string, KeyObject>> = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
};

const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1'): string =>
  key.export({ type, format: 'pem' }).toString();
const labelled = (text: string, label: string): string =>
  text.replace(/^(-----(?:BEGIN|END) )[A-Z0-9 ]+-----/gm, `$1${label}-----`);
const same = (text: string, key: KeyObject): void => {
  const read = readPrivateKey(text).key;
  expect(read && createPublicKey(read).equals(createPublicKey(key))).toBe(true);
  expect(read?.export({ format: 'jwk' })).toEqual(key.export({ format: 'jwk' }));
};

describe('a private key', () => {
  const labels = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY'];
  const forms: [string, string, KeyObject][] = Object.entries(keys).flatMap(
    ([name, key]): [string, string, KeyObject][] => [
      [`${name}, PKCS#8`, pem(key, 'pkcs8'), key],
      [`${name}, OpenSSH`, openSshPrivateKey(key, { comment: 'of a test' }), key],
      ...(name === 'rsa' ? [['rsa, PKCS#1', pem(key, 'pkcs1'), key] as [string, string, KeyObject]] : []),
      ...(name.startsWith('P-') ? [[`${name}, SEC1`, pem(key, 'sec1'), key] as [string, string, KeyObject]] : []),
    ],
  );

  it.each(forms)('%s: is read whatever its label says', (_, text, key) => {
    same(text, key);
    for (const label of labels) same(labelled(text, label), key);
    same(text.replaceAll('\n', '\r\n'), key);
  });

  it('with the parameters of its curve before it is read too', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    expect(readPrivateKey(parameters)).toEqual({ problem: 'no-key' });
    same(`${pem(keys['P-256']!, 'sec1')}${parameters}`, keys['P-256']!);
  });

  const hasSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;
  it.skipIf(!hasSshKeygen)('as ssh-keygen writes it: read, and one with a passphrase told apart', () => {
    const folder = mkdtempSync(join(tmpdir(), 'private-key-'));
    try {
      for (const [type, bits] of [
        ['rsa', '2048'],
        ['ecdsa', '256'],
        ['ed25519', ''],
      ] as const) {
        for (const passphrase of ['', 'secret passphrase']) {
          const path = join(folder, `${type}${passphrase.length}`);
          const size = bits ? ['-b', bits] : [];
          execFileSync('ssh-keygen', ['-q', '-t', type, ...size, '-N', passphrase, '-C', '', '-f', path]);
          const { key, problem } = readPrivateKey(readFileSync(path, 'utf8'));
          if (passphrase) expect(problem).toBe('encrypted');
          else expect(sshPublicKeyLine(key!)).toBe(readFileSync(`${path}.pub`, 'utf8').trim());
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('that cannot be used: why', () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' };
    const key = keys.rsa!;
    const block = (label: string, body = 'c2VjcmV0'): string =>
      `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
    expect(readPrivateKey(key.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString())).toEqual({
      problem: 'encrypted',
    });
    expect(readPrivateKey(key.export({ type: 'pkcs1', format: 'pem', ...cipher }).toString())).toEqual({
      problem: 'encrypted',
    });
    expect(readPrivateKey(block('PIV YUBIKEY PRIVATE KEY'))).toEqual({ problem: 'hardware' });
    expect(readPrivateKey(block('CERTIFICATE'))).toEqual({ problem: 'no-key' });
    expect(readPrivateKey('')).toEqual({ problem: 'no-key' });
    for (const label of labels) expect(readPrivateKey(block(label))).toEqual({ problem: 'unreadable' });
  });

  it(
    'that is damaged is read or refused, and never throws',
    () => {
      const texts = forms.map(([, text]) => text);
      fc.assert(
        fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(255), (text, at, byte) => {
          const der = Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
          der[at % der.length] = byte;
          const { key, problem } = readPrivateKey(text.replace(/\n[^-]*\n/, `\n${der.toString('base64')}\n`));
          expect(key === undefined).toBe(problem !== undefined);
        }),
        { numRuns: process.env.SOAK ? 10_000 : 100 },
      );
    },
    process.env.SOAK ? 600_000 : 30_000,
  );
});
