import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isTeleportError, sshPublicKeyLine } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { Identity, type IdentityParts } from './identity.ts';

// A credential that a real cluster issued to Go's tbot for one hour.

const recorded = (name: string, set = 'application'): string =>
  readFileSync(new URL(`../testdata/teleport-18/${set}/${name}`, import.meta.url), 'utf8');

const privateKey = createPrivateKey(recorded('key'));
const tlsCertificate = recorded('tlscert');
const sshCertificate = recorded('key-cert.pub');
const publicKey = createPublicKey(privateKey);
const publicPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function failure(parts: IdentityParts): string {
  try {
    Identity.create(parts);
  } catch (error) {
    if (isTeleportError(error, 'bad_parameter')) return error.message;
    throw error;
  }
  return 'accepted';
}

test('reads what the certificates say', () => {
  const identity = Identity.create({ privateKey, tlsCertificate, sshCertificate, authorities: [] });
  expect(identity.tls.user).toBe('bot-ci');
  expect(identity.roles).toEqual(['deployer']);
  expect(identity.tls.app).toMatchObject({ name: 'foo', publicAddr: 'foo.localhost', clusterName: 'root.example' });
  expect(identity.ssh?.principals).toContain('-teleport-internal-join');
  expect(identity.serial).toBe('7797b9e866e660ba476941e92d0e3226');
  expect(identity.expires).toEqual(new Date('2026-11-22T02:29:10Z'));
  expect(identity.ttl).toEqual({ askedMs: 3_600_000, effectiveMs: 3_600_000 });
  expect(identity.refreshAt).toEqual(new Date('2026-11-22T02:09:10Z'));
  expect(identity.privateKeyPem).toBe(recorded('key'));
});

test('takes lifetime, refresh and route from the one who issued it', () => {
  const ttl = { askedMs: 7_200_000, effectiveMs: 3_600_000, cutBy: 'max_ttl of the socket' };
  const route = { cluster: 'root.example', application: { name: 'foo', publicAddress: 'foo.localhost' } };
  const refreshAt = new Date('2026-11-22T02:00:00Z');
  const identity = Identity.create({
    privateKey,
    tlsCertificate,
    sshCertificate,
    authorities: [],
    ttl,
    route,
    refreshAt,
  });
  expect([identity.ttl, identity.route, identity.refreshAt]).toEqual([ttl, route, refreshAt]);
});

test('accepts one certificate, or public keys in place of the private one', () => {
  const publicKeys = { tls: publicPem(publicKey), ssh: `${sshPublicKeyLine(publicKey)} a comment` };
  expect(failure({ publicKeys, tlsCertificate, sshCertificate, authorities: [] })).toBe('accepted');
  const sshOnly = Identity.create({ privateKey, sshCertificate, authorities: [] });
  expect([sshOnly.roles, sshOnly.serial]).toEqual([['deployer'], '']);
  expect(() => sshOnly.tls).toThrow('holds no X.509 certificate');
  expect(Identity.create({ tlsCertificate, authorities: [] }).privateKeyPem).toBeUndefined();
});

test('refuses certificates of another key', () => {
  const both = { tlsCertificate, sshCertificate, authorities: [] };
  expect(failure({ ...both, privateKey: other.privateKey })).toBe('the X.509 certificate belongs to another key');
  expect(failure({ ...both, publicKeys: { tls: publicPem(other.publicKey) } })).toBe(
    'the X.509 certificate belongs to another key',
  );
  expect(failure({ ...both, publicKeys: { ssh: sshPublicKeyLine(other.publicKey) } })).toBe(
    'the SSH certificate belongs to another key',
  );
  const foreign = recorded('key-cert.pub', 'application-tls');
  expect(failure({ privateKey, tlsCertificate, sshCertificate: foreign, authorities: [] })).toBe(
    'the SSH certificate belongs to another key',
  );
});

test('refuses what is no certificate, and no certificate at all, without quoting it', () => {
  expect(failure({ privateKey, authorities: [] })).toBe('an identity needs at least one certificate');
  expect(failure({ privateKey, tlsCertificate: recorded('key'), authorities: [] })).toBe(
    'the X.509 certificate cannot be parsed',
  );
  expect(failure({ privateKey, sshCertificate: recorded('key.pub'), authorities: [] })).toContain('malformed SSH');
});
