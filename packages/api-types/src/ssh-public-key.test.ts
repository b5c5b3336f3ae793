import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSshPrivateKey, privateKeyPem } from './ssh-private-key.ts';
import {
  parseSshPublicKey,
  sshFingerprint,
  sshPublicKeyFromBlob,
  sshPublicKeyLine,
  sshPublicKeyObject,
} from './ssh-public-key.ts';
import { TeleportError } from './teleport-error.ts';

const file = (path: string): string =>
  readFileSync(new URL(`../testdata/teleport-18/files/${path}`, import.meta.url), 'utf8');

const pairs: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {
  'ssh-ed25519': generateKeyPairSync('ed25519'),
  'ecdsa-sha2-nistp256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-sha2-nistp384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ecdsa-sha2-nistp521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'ssh-rsa': generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

describe('a public key', () => {
  it.each(Object.keys(pairs))('of type %s keeps itself through a line', (type) => {
    const { publicKey, privateKey } = pairs[type]!;
    const key = parseSshPublicKey(`${sshPublicKeyLine(publicKey, 'my key')}\n`);
    expect([key.type, key.comment]).toEqual([type, 'my key']);
    expect(sshPublicKeyObject(key).equals(publicKey)).toBe(true);
    expect(sshPublicKeyLine(privateKey)).toBe(sshPublicKeyLine(publicKey));
    expect(sshPublicKeyLine(privateKeyPem(privateKey))).toBe(sshPublicKeyLine(publicKey));
    expect(sshPublicKeyFromBlob(key.blob)).toEqual({ ...key, comment: '' });
  });

  it.each(['tbot/identity', 'legacy-suite/tbot/identity'])('has the line that was recorded (%s)', (folder) => {
    expect(sshPublicKeyLine(file(`${folder}/key`))).toBe(file(`${folder}/key.pub`).trim());
  });

  it("has ssh-keygen's fingerprint", () => {
    const key = parseSshPublicKey(file('tbot/identity/key.pub'));
    expect(sshFingerprint(key)).toBe('SHA256:tLQvj2Tus1FKfFcMEqJh2poP1fy0W751Y1oENh6n35w');
  });

  it('may carry what Teleport writes behind it', () => {
    expect(parseSshPublicKey(file('tbot/ssh-host/ssh_host-user-ca.pub')).comment).toBe(
      'clustername=root.example&type=user',
    );
  });

  it.each([
    ['', /expected a line/],
    ['ssh-ed25519', /expected a line/],
    ['sk-ssh-ed25519@openssh.com AAAA', /"sk-ssh-ed25519@openssh\.com" is not supported/],
    ['ssh-dss AAAA', /"ssh-dss" is not supported/],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgzaeDgB6uY2HHkMyHjbdhaM8we5V', /cut short|ends too early/],
    ['ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAgzaeDgB6uY2HHkMyHjbdhaM8we5Vm3Crl7dMujDrIU', /different key types/],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgzaeDgB6uY2HHkMyHjbdhaM8we5Vm3Crl7dMujDrIUAAAA', /after its end/],
  ])('is refused in %j', (line, message) => {
    expect(() => parseSshPublicKey(line)).toThrow(message);
    expect(() => parseSshPublicKey(line)).toThrow(TeleportError);
  });

  it('is refused when its point is not on the curve', () => {
    const [type = '', base64 = ''] = sshPublicKeyLine(pairs['ecdsa-sha2-nistp256']!.publicKey).split(' ');
    const blob = Buffer.from(base64, 'base64');
    blob[blob.length - 1]! ^= 1;
    expect(() => parseSshPublicKey(`${type} ${blob.toString('base64')}`)).toThrow('no valid public key');
  });

  it('that SSH has no form for is refused', () => {
    expect(() => sshPublicKeyLine(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)).toThrow(
      'not supported',
    );
    expect(() => sshPublicKeyLine(generateKeyPairSync('x25519').publicKey)).toThrow('not supported');
    expect(() => sshPublicKeyLine('no key')).toThrow(TeleportError);
  });

  it('never does worse than be refused', () => {
    const types = fc.constantFrom(...Object.keys(pairs));
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 80 }), (type, rest) => {
        const blob = Buffer.concat([Buffer.of(0, 0, 0, type.length), Buffer.from(type), rest]);
        expect(() => parseSshPublicKey(`${type} ${blob.toString('base64')}`)).toThrow(TeleportError);
      }),
    );
  });
});

describe('a private key', () => {
  it('is written in PEM as Teleport writes it', () => {
    expect(privateKeyPem(pairs['ssh-rsa']!.privateKey)).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(privateKeyPem(pairs['ssh-ed25519']!.privateKey)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(privateKeyPem(createPrivateKey(file('tbot/identity/key')))).toBe(file('tbot/identity/key'));
    expect(privateKeyPem(createPrivateKey(file('legacy-suite/tbot/identity/key')))).toBe(
      file('legacy-suite/tbot/identity/key'),
    );
  });

  it("is written in OpenSSH's format byte for byte as recorded, apart from its random check number", () => {
    const recorded = opened(file('tbot/ssh-host/ssh_host'));
    const seed = recorded.subarray(recorded.length - 5 - 4 - 64, recorded.length - 5 - 4 - 32);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const written = opened(openSshPrivateKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })));
    const check = recorded.indexOf('ssh-ed25519', 60) - 4 - 8;
    expect(written.subarray(check, check + 4)).toEqual(written.subarray(check + 4, check + 8));
    recorded.copy(written, check, check, check + 8);
    expect(written).toEqual(recorded);
  });

  it('is refused when it is a public one', () => {
    const { publicKey } = pairs['ssh-ed25519']!;
    expect(() => openSshPrivateKey(publicKey)).toThrow('expected a private key, got a public one');
    expect(() => privateKeyPem(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })))).toThrow(
      TeleportError,
    );
  });
});

function opened(text: string): Buffer {
  return Buffer.from(text.replace(/-----.*?-----/g, ''), 'base64');
}
