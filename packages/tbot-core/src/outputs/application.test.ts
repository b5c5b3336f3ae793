import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import {
  isTeleportError,
  parseCertAuthorityLine,
  parseIdentityFile,
  readX509,
  TELEPORT_OID,
} from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import type { DestinationHost, IdentityRequest } from '../destination-host.ts';
import { MemoryDestination } from '../destinations/memory.ts';
import { Identity } from '../identity.ts';
import type { AuthorityType, TrustedAuthority } from '../trusted-authority.ts';
import { applicationFiles, applicationOutput } from './application.ts';
import { writeOutput } from './output.ts';

// Sets that the application output of Go's tbot 18.0.0 wrote, taken apart and written again.

const RECORDED = new URL('../../testdata/teleport-18/', import.meta.url);

type Recorded = Readonly<Record<string, string>>;

function recordedSet(name: string): Recorded {
  const folder = new URL(`${name}/`, RECORDED);
  return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]));
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/gs) ?? [];
}

/** The authorities that a set tells of: those of hosts in the order of its identity file. */
function authoritiesOf(set: Recorded): TrustedAuthority[] {
  const { sshAuthorities } = parseIdentityFile(set.identity!);
  const sshKeys = new Map(sshAuthorities.map(parseCertAuthorityLine).map((line) => [line.cluster, line.publicKey]));
  const ofType = (type: AuthorityType, file: string): TrustedAuthority[] =>
    certificatesIn(set[file]!).map((certificate) => {
      const cluster = readX509(certificate)
        .subject.flat()
        .find(({ oid }) => oid === TELEPORT_OID.user)!.value!;
      const sshKey = type === 'host' ? sshKeys.get(cluster) : undefined;
      return { type, cluster, tlsCertificates: [certificate], sshPublicKeys: sshKey ? [sshKey] : [] };
    });
  return [
    ...ofType('user', 'teleport-user-ca.crt'),
    ...ofType('host', 'teleport-host-ca.crt'),
    ...ofType('db', 'teleport-database-ca.crt'),
  ];
}

function identityOf(set: Recorded): Identity {
  return Identity.create({
    privateKey: createPrivateKey(set.key!),
    tlsCertificate: set.tlscert!,
    sshCertificate: set['key-cert.pub']!.trimEnd(),
    authorities: authoritiesOf(set),
  });
}

test.each([
  { name: 'application', specificTlsNaming: false },
  { name: 'application-tls', specificTlsNaming: true },
  { name: 'legacy-application-tls', specificTlsNaming: true },
])('writes the recorded set $name again, byte for byte', ({ name, specificTlsNaming }) => {
  const recorded = recordedSet(name);
  const files = applicationFiles(identityOf(recorded), { specificTlsNaming });
  expect(Object.keys(files).sort()).toEqual(Object.keys(recorded).sort());
  expect(files).toEqual(recorded);
});

test('asks the host for exactly what was wanted, and writes what it issued', async () => {
  const recorded = recordedSet('application');
  const asked: IdentityRequest[] = [];
  const host: Pick<DestinationHost, 'generateIdentity'> = {
    async generateIdentity(request) {
      asked.push(request);
      return identityOf(recorded);
    },
  };
  const destination = new MemoryDestination();
  const request = { kind: 'application', name: 'foo', roles: ['deployer'], ttlMs: 60_000 } as const;
  const result = await writeOutput(host, applicationOutput(request, { specificTlsNaming: true }), destination);
  expect(asked).toEqual([request]);
  expect(result.written).toHaveLength(12);
  expect(String(await destination.read('tls.cas'))).toBe(recorded['teleport-host-ca.crt']);
  expect(result.identity.tls.app?.name).toBe('foo');
});

test('leaves the destination as it was when the host refuses', async () => {
  const destination = new MemoryDestination();
  await destination.write({ key: 'old' });
  const refusal = new Error('no');
  const host = { generateIdentity: () => Promise.reject(refusal) };
  await expect(writeOutput(host, applicationOutput({ kind: 'application', name: 'foo' }), destination)).rejects.toBe(
    refusal,
  );
  expect([String(await destination.read('key')), await destination.read('tlscert')]).toEqual(['old', undefined]);
});

test('wants the private key and the X.509 certificate', () => {
  const { privateKey: _, ...keyless } = partsOf(recordedSet('application'));
  const { tlsCertificate: __, ...sshOnly } = partsOf(recordedSet('application'));
  for (const parts of [keyless, sshOnly]) {
    expect(() => applicationFiles(Identity.create(parts))).toThrow('needs the private key and the X.509 certificate');
  }
});

test('a credential without an SSH certificate takes away the one that was there', async () => {
  const { sshCertificate: _, ...tlsOnly } = partsOf(recordedSet('application'));
  const destination = new MemoryDestination();
  await destination.write({ 'key-cert.pub': 'of another key' });
  await destination.write(applicationFiles(Identity.create(tlsOnly)));
  expect(await destination.read('key-cert.pub')).toBeUndefined();
  expect(parseIdentityFile(String(await destination.read('identity'))).sshCertificate).toBeUndefined();
});

function partsOf(set: Recorded): Parameters<typeof Identity.create>[0] {
  return {
    privateKey: createPrivateKey(set.key!),
    tlsCertificate: set.tlscert!,
    sshCertificate: set['key-cert.pub']!,
    authorities: [],
  };
}

test('an identity of another key never gets as far as a file', () => {
  const parts = partsOf(recordedSet('application'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(() => Identity.create({ ...parts, privateKey })).toThrow(
    expect.toSatisfy((error: unknown) => isTeleportError(error, 'bad_parameter')),
  );
});
