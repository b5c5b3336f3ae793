import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import { describe, expect, test } from 'vitest';
import { givenKeys } from './cluster/requested-keys.ts';
import { CheckedPublicKeys } from './public-keys.ts';

const names = { tls: 'the one', ssh: 'the other' };
const read = (tls?: string, ssh?: string): CheckedPublicKeys =>
  CheckedPublicKeys.read({ ...(tls !== undefined && { tls }), ...(ssh !== undefined && { ssh }) }, names);
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const made = (curve = 'P-256'): KeyObject => generateKeyPairSync('ec', { namedCurve: curve }).publicKey;
const [first, second] = [made(), made()];
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

test('a pair of one key is taken as it is', () => {
  const line = sshPublicKeyLine(first, 'me@host');
  expect({ ...read(pem(first), `${line}\n`) }).toEqual({ tls: pem(first), ssh: line });
  expect({ ...read(pem(first), line).withoutSsh() }).toEqual({ tls: pem(first) });
});

test.each([
  ['two keys', first, second],
  ['a larger curve', made('P-384'), made('P-384')],
  ['RSA', rsa, rsa],
  ['Ed25519', generateKeyPairSync('ed25519').publicKey, first],
])('%s are read as well', (_what, tls, ssh) => {
  expect(read(pem(tls), sshPublicKeyLine(ssh))).toMatchObject({ tls: pem(tls) });
});

test('the cluster gets each in the form that it wants, checked or not', () => {
  for (const key of [first, rsa, made('P-521')]) {
    const keys = { tls: pem(key), ssh: sshPublicKeyLine(key) };
    const asked = (given: object) => givenKeys({ kind: 'identity', ...given } as never);
    expect(asked({ keys: read(keys.tls, keys.ssh) })).toEqual(asked({ keys }));
  }
});

describe('what is no key is named', () => {
  const line = sshPublicKeyLine(first);
  const [type, base64 = ''] = line.split(' ');
  const blob = Buffer.from(base64, 'base64');
  const offCurve = Buffer.from(blob);
  offCurve[offCurve.length - 1]! ^= 1;

  test.each([
    ['cut', `${type} ${base64.slice(0, -4)}`],
    ['another length', `${type} ${base64}AAAA`],
    ['a point off its curve', `${type} ${offCurve.toString('base64')}`],
    ['another type', `ssh-ed25519 ${base64}`],
    ['a stray letter', `${type} ${base64.slice(0, 20)}!${base64.slice(21)}`],
    ['two lines', `${line}\n${line}`],
    ['options', `command="x" ${line}`],
  ])('%s', (_what, ssh) => {
    expect(() => read(pem(first), ssh)).toThrow('the other is not a line of authorized_keys');
  });

  test('a private key is none', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    expect(() => read(secret)).toThrow('the one is not a PEM block PUBLIC KEY');
    expect(() => read(`-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n`)).toThrow('the one is not');
  });
});
