import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSshCertificateLine, parseSshCertificate, verifySshCertificate } from './ssh-certificate.ts';
import { parseSshPublicKey } from './ssh-public-key.ts';
import { isTeleportError } from './teleport-error.ts';

const soakTimeoutMs = process.env.SOAK ? 600_000 : 30_000;

const file = (path: string): string =>
  readFileSync(new URL(`../testdata/teleport-18/files/${path}`, import.meta.url), 'utf8');
const [userAuthority, hostAuthority] = file('tbot-store/sshcacerts').split('$').map(parseSshPublicKey);

describe('a recorded SSH certificate', () => {
  it("is the bot's own", () => {
    const certificate = parseSshCertificate(file('tbot-store/key-cert.pub'));
    expect(certificate).toMatchObject({
      kind: 'user',
      serial: 0n,
      keyId: 'bot-ci',
      principals: ['-teleport-nologin-a2566b26-3153-46c6-84ff-86b87870c58f', '-teleport-internal-join'],
      validAfter: new Date('2026-11-22T01:28:10Z'),
      validBefore: new Date('2026-11-22T02:29:10Z'),
      signatureAlgorithm: 'ssh-ed25519',
      comment: '',
    });
    expect(certificate.criticalOptions).toEqual(new Map());
    expect(certificate.extensions).toEqual(
      new Map([
        ['bot-instance-id@goteleport.com', '413dc6b6-5071-4b95-a6ce-259326f9607d'],
        ['bot-name@goteleport.com', 'ci'],
        ['generation', '1'],
        ['login-ip', '127.0.0.1'],
        ['permit-port-forwarding', ''],
        ['permit-pty', ''],
        ['private-key-policy', 'none'],
        ['renewable', ''],
        ['teleport-roles', '{"roles":["bot-ci"]}'],
        ['teleport-route-to-cluster', 'root.example'],
        ['teleport-traits', 'null'],
      ]),
    );
    expect(certificate.signingKey.blob).toEqual(userAuthority?.blob);
  });

  it.each([
    ['tbot/identity', 'ecdsa-sha2-nistp256'],
    ['legacy-suite/tbot/identity', 'ssh-rsa'],
  ])('certifies the key beside it (%s)', (folder, type) => {
    const { publicKey } = parseSshCertificate(file(`${folder}/key-cert.pub`));
    expect(publicKey.type).toBe(type);
    expect(publicKey.blob).toEqual(parseSshPublicKey(file(`${folder}/key.pub`)).blob);
  });

  it("is a host's, for an hour and for ever", () => {
    const short = parseSshCertificate(file('tbot/ssh-host/ssh_host-cert.pub'));
    const endless = parseSshCertificate(file('auth-sign/host-h1-cert.pub'));
    expect([short.kind, short.keyId, short.principals]).toEqual(['host', '', ['h1.example.com', 'h2.example.com']]);
    expect(short.validBefore).toEqual(new Date('2026-11-22T02:29:10Z'));
    expect(endless).not.toHaveProperty('validBefore');
    expect(endless.extensions.get('x-teleport-role')).toBe('Node');
  });

  it('was signed by its authority and by no other, and not one byte may change', () => {
    const certificate = parseSshCertificate(file('tbot/identity/key-cert.pub'));
    expect(verifySshCertificate(certificate)).toBe(true);
    expect(verifySshCertificate(certificate, userAuthority!)).toBe(true);
    expect(verifySshCertificate(certificate, hostAuthority!)).toBe(false);
    const host = parseSshCertificate(file('tbot/ssh-host/ssh_host-cert.pub'));
    expect(verifySshCertificate(host, hostAuthority!)).toBe(true);
    const signedBytes = Buffer.from(certificate.signedBytes);
    signedBytes[100]! ^= 1;
    expect(verifySshCertificate({ ...certificate, signedBytes })).toBe(false);
    expect(verifySshCertificate({ ...certificate, signatureAlgorithm: 'ssh-rsa' })).toBe(false);
    expect(verifySshCertificate({ ...certificate, signature: Buffer.alloc(3) })).toBe(false);
  });
});

describe('parseSshCertificate', () => {
  it('refuses a bare key', () => {
    expect(() => parseSshCertificate(file('tbot/identity/key.pub'))).toThrow('expected a certificate');
    expect(isSshCertificateLine(file('tbot/identity/key.pub'))).toBe(false);
    expect(isSshCertificateLine(file('tbot/identity/key-cert.pub'))).toBe(true);
  });

  it(
    'never does worse than refuse a damaged certificate',
    () => {
      const [type = '', base64 = ''] = file('tbot/identity/key-cert.pub').split(' ');
      const blob = Buffer.from(base64, 'base64');
      const change = fc.record({ at: fc.nat(blob.length - 1), byte: fc.nat(255) });
      fc.assert(
        fc.property(fc.array(change, { maxLength: 3 }), fc.nat(blob.length), (changes, cut) => {
          const damaged = Buffer.from(blob);
          for (const { at, byte } of changes) damaged[at] = byte;
          for (const bytes of [damaged, damaged.subarray(0, cut)]) {
            try {
              verifySshCertificate(parseSshCertificate(`${type} ${bytes.toString('base64')}`));
            } catch (error) {
              if (!isTeleportError(error, 'bad_parameter')) throw error;
            }
          }
        }),
        { numRuns: process.env.SOAK ? 50_000 : 1_000 },
      );
    },
    soakTimeoutMs,
  );

  it('never does worse than refuse garbage', () => {
    fc.assert(
      fc.property(fc.string(), fc.base64String(), (text, base64) => {
        for (const line of [text, `ssh-ed25519-cert-v01@openssh.com ${base64}`]) {
          expect(() => parseSshCertificate(line)).toThrow(expect.objectContaining({ code: 'bad_parameter' }) as Error);
        }
      }),
    );
  });
});
