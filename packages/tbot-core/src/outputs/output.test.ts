import { generateKeyPairSync } from 'node:crypto';
import { isTeleportError, parseIdentityFile } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { identityOf, identityPartsOf, recordedSet } from '../../test-support/recorded-output.ts';
import type { DestinationHost, IdentityRequest } from '../destination-host.ts';
import { MemoryDestination } from '../destinations/memory.ts';
import { Identity } from '../identity.ts';
import { applicationFiles, applicationOutput } from './application.ts';
import { writeOutput } from './output.ts';

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
  const { privateKey: _, ...keyless } = identityPartsOf(recordedSet('application'));
  const { tlsCertificate: __, ...sshOnly } = identityPartsOf(recordedSet('application'));
  for (const parts of [keyless, sshOnly]) {
    expect(() => applicationFiles(Identity.create(parts))).toThrow('needs the private key and the X.509 certificate');
  }
});

test('a credential without an SSH certificate takes away the one that was there', async () => {
  const { sshCertificate: _, ...tlsOnly } = identityPartsOf(recordedSet('application'));
  const destination = new MemoryDestination();
  await destination.write({ 'key-cert.pub': 'of another key' });
  await destination.write(applicationFiles(Identity.create(tlsOnly)));
  expect(await destination.read('key-cert.pub')).toBeUndefined();
  expect(parseIdentityFile(String(await destination.read('identity'))).sshCertificate).toBeUndefined();
});

test('an identity of another key never gets as far as a file', () => {
  const parts = identityPartsOf(recordedSet('application'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(() => Identity.create({ ...parts, privateKey })).toThrow(
    expect.toSatisfy((error: unknown) => isTeleportError(error, 'bad_parameter')),
  );
});
