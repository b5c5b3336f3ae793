import { readFileSync } from 'node:fs';
import { parseSshCertificate, parseTlsIdentity, readX509 } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sshCertificateEnd, sshCertificateIsFor, tlsCertifiedKey } from './certified-key.ts';

const sets = ['application', 'application-tls', 'legacy-application-tls'];
const recorded = (set: string, name: string): string =>
  readFileSync(new URL(`../testdata/teleport-18/${set}/${name}`, import.meta.url), 'utf8');

test.each(sets)('finds in the recorded certificate of %s what a full decoder finds', (set) => {
  for (const name of ['tlscert', 'teleport-user-ca.crt', 'teleport-database-ca.crt']) {
    const pem = recorded(set, name);
    const { serial, publicKeyDer } = readX509(pem);
    expect(tlsCertifiedKey(pem)).toEqual({ serial: serial.toLowerCase(), publicKeyDer });
  }
  expect(tlsCertifiedKey(recorded(set, 'tlscert'))?.serial).toBe(
    parseTlsIdentity(recorded(set, 'tlscert')).serial.toLowerCase(),
  );
});

test('a cut or damaged certificate is never read past its end', () => {
  const der = Buffer.from(readX509(recorded('application', 'tlscert')).der);
  const pemOf = (bytes: Buffer): string =>
    `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.nat(400), fc.integer({ min: 0, max: 255 }), (length, at, byte) => {
      const damaged = Buffer.from(der.subarray(0, length));
      if (at < damaged.length) damaged[at] = byte;
      const found = damaged.length > 0 ? tlsCertifiedKey(pemOf(damaged)) : undefined;
      if (found) expect(damaged.includes(found.publicKeyDer)).toBe(true);
    }),
  );
});

test('an SSH certificate is for its own key, of any type, and no other', () => {
  for (const certificate of sets) {
    for (const key of sets) {
      const fits = sshCertificateIsFor(recorded(certificate, 'key-cert.pub'), recorded(key, 'key.pub'));
      expect([certificate, key, fits]).toEqual([certificate, key, certificate === key]);
    }
  }
  const [type, base64] = recorded('application', 'key-cert.pub').split(' ');
  const key = recorded('application', 'key.pub');
  for (const damaged of ['', type!, `${type} `, `${type} ${base64!.slice(0, 60)}`, `${type} AAAA`]) {
    expect(sshCertificateIsFor(damaged, key)).toBe(false);
  }
});

test('finds the end of an SSH certificate that a full decoder finds, and none in what is damaged', () => {
  for (const set of sets) {
    const line = recorded(set, 'key-cert.pub');
    expect(sshCertificateEnd(line)).toEqual(parseSshCertificate(line).validBefore);
  }
  const [type = '', base64 = ''] = recorded('application', 'key-cert.pub').split(' ');
  expect(sshCertificateEnd(recorded('application', 'key.pub'))).toBeUndefined();
  for (let cut = 0; cut < 300; cut += 4) {
    expect(sshCertificateEnd(`${type} ${base64.slice(0, cut)}`)).toBeUndefined();
  }
});
