import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { parseSshCertificate, parseSshPublicKey, TeleportError, verifySshCertificate } from '@teleport-ts/api-types';
import { describe, expect, it } from 'vitest';
import { type CertAuthorityState, createAuthority, restoreAuthority } from './cert-authority.ts';
import { certificateLogins, issueSshUserCertificate } from './ssh-certificate.ts';
import { issueTlsCertificate } from './tls-certificate.ts';
import { WebAuthority } from './web-certificate.ts';

const clock = { now: () => Date.UTC(2026, 5, 1) };
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const identity = { user: 'alice', roles: ['access'] };
const notAfter = new Date(clock.now() + 60_000);

describe('an authority', () => {
  it('makes its keys at first use, and says so', () => {
    const made: CertAuthorityState[] = [];
    const authority = createAuthority({
      type: 'user',
      clusterName: 'root.example',
      clock,
      onKeyMade: (changed) => made.push(changed.toState()),
    });
    expect(authority.toState()).not.toHaveProperty('tls');
    const { certificate } = authority.tls;
    expect(authority.tls.certificate).toBe(certificate);
    expect(made).toHaveLength(1);
    expect(made[0]).toHaveProperty('tls.certificate', certificate);
    expect(made[0]).not.toHaveProperty('ssh');
  });

  it('is the same authority after it lay on disk', () => {
    const authority = createAuthority({ type: 'host', clusterName: 'root.example', clock });
    const certificate = issueTlsCertificate(authority, { publicKey, identity, notAfter });
    const state = JSON.parse(JSON.stringify({ ...authority.toState(), ssh: undefined })) as CertAuthorityState;
    const restored = restoreAuthority(state, { clock: { now: () => clock.now() + 86_400_000 } });
    expect(restored.tls.certificate).toBe(authority.tls.certificate);
    const ca = new X509Certificate(restored.tls.certificate);
    expect(new X509Certificate(certificate).verify(ca.publicKey)).toBe(true);
    const again = issueTlsCertificate(restored, { publicKey, identity, notAfter });
    expect(new X509Certificate(again).checkIssued(ca)).toBe(true);
    expect(restored.ssh.publicKey).toMatch(/^ssh-ed25519 /);
    expect(restored.toState().created).toBe(new Date(clock.now()).toISOString());
  });

  it('dates its certificate from when it was created, not from when its key was made', () => {
    let now = clock.now();
    const authority = createAuthority({ type: 'user', clusterName: 'root.example', clock: { now: () => now } });
    now += 3_600_000;
    expect(new X509Certificate(authority.tls.certificate).validFrom).toBe('Jun  1 00:00:00 2026 GMT');
  });

  it('makes all keys beforehand when asked, and keeps those that are there', async () => {
    const authority = createAuthority({ type: 'host', clusterName: 'root.example', suite: 'legacy', clock });
    await authority.prepare();
    const { tls, ssh } = authority.toState();
    expect([tls?.privateKey, ssh?.privateKey].map((pem) => pem?.split('\n')[0])).toEqual([
      '-----BEGIN RSA PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----',
    ]);
    await authority.prepare();
    expect(authority.toState()).toEqual({ ...authority.toState(), tls, ssh });
  });

  it('has no half that its kind lacks', () => {
    const db = createAuthority({ type: 'db', clusterName: 'root.example', clock });
    const openssh = createAuthority({ type: 'openssh', clusterName: 'root.example', clock });
    expect([db.hasTls, db.hasSsh, openssh.hasTls, openssh.hasSsh]).toEqual([true, false, false, true]);
    expect(() => db.ssh).toThrow('authorities of type db sign no SSH certificates');
    expect(() => openssh.tls).toThrow('authorities of type openssh sign no X.509 certificates');
  });
});

describe('certificates', () => {
  const authority = createAuthority({ type: 'user', clusterName: 'root.example', clock });

  it.each(['', 'no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'])(
    'refuse %j as a TLS key',
    (key) => {
      expect(() => issueTlsCertificate(authority, { publicKey: key, identity, notAfter })).toThrow(
        expect.objectContaining({ code: 'bad_parameter' }) as TeleportError,
      );
    },
  );

  it('refuse a P-256 key whose point is not on the curve', () => {
    const der = publicKey.export({ type: 'spki', format: 'der' });
    der[der.length - 1]! ^= 1;
    const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    expect(() => issueTlsCertificate(authority, { publicKey: pem, identity, notAfter })).toThrow(TeleportError);
  });

  it('certify the same key, whatever form it came in', () => {
    const { publicKey: rsa, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const forms = [
      rsa,
      privateKey,
      rsa.export({ type: 'spki', format: 'pem' }).toString(),
      rsa.export({ type: 'pkcs1', format: 'pem' }).toString(),
    ];
    for (const form of forms) {
      const pem = issueTlsCertificate(authority, { publicKey: form, identity, notAfter });
      expect(new X509Certificate(pem).publicKey.equals(rsa)).toBe(true);
    }
    for (const form of [publicKey, publicKey.export({ type: 'spki', format: 'pem' }).toString()]) {
      const pem = issueTlsCertificate(authority, { publicKey: form, identity, notAfter });
      expect(new X509Certificate(pem).publicKey.equals(publicKey)).toBe(true);
    }
  });

  it.each([1_000, 30_000, 60_000, 61_000])('for SSH last a minute at least (%d ms asked)', (ttlMs) => {
    const validBefore = new Date(clock.now() + ttlMs);
    const line = issueSshUserCertificate(authority, { publicKey, identity, validBefore });
    expect(parseSshCertificate(line).validBefore?.getTime()).toBe(clock.now() + Math.max(ttlMs, 60_000));
  });

  it('for SSH are verified by the authority that signed them, and by no other', () => {
    const line = issueSshUserCertificate(authority, { publicKey, identity, validBefore: notAfter });
    const other = createAuthority({ type: 'user', clusterName: 'root.example', clock });
    const verified = [authority, other].map(({ ssh }) =>
      verifySshCertificate(parseSshCertificate(line), parseSshPublicKey(ssh.publicKey)),
    );
    expect(verified).toEqual([true, false]);
  });

  it('give users without logins a principal that fits nowhere', () => {
    expect(certificateLogins(['root'])).toEqual(['root', '-teleport-internal-join']);
    expect(certificateLogins([])).toEqual([
      expect.stringMatching(/^-teleport-nologin-[0-9a-f-]{36}$/),
      '-teleport-internal-join',
    ]);
  });

  it('for the web come from the same authority after it lay on disk', () => {
    const web = new WebAuthority({ clock });
    const restored = new WebAuthority({ clock, state: JSON.parse(JSON.stringify(web.toState())) });
    const { cert, key } = restored.issue(['app.localhost']);
    const certificate = new X509Certificate(cert);
    expect(restored.certificate).toBe(web.certificate);
    expect(certificate.checkIssued(new X509Certificate(web.certificate))).toBe(true);
    expect(certificate.checkHost('app.localhost')).toBe('app.localhost');
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });
});
