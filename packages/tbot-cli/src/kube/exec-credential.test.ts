import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatIdentityFile, isTeleportError, parseTlsIdentity } from '@teleport-ts/api-types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { credentialInDirectory } from './credential-in-directory.ts';
import { execCredential } from './exec-credential.ts';

const RECORDED = new URL('../../../tbot-core/testdata/teleport-18/kubernetes/', import.meta.url);
const identity = readFileSync(new URL('identity', RECORDED), 'utf8');
const certificate = readFileSync(new URL('tlscert', RECORDED), 'utf8');
const key = readFileSync(new URL('key', RECORDED), 'utf8');
const { notAfter } = parseTlsIdentity(certificate);
const endMs = notAfter.getTime();

const endTold = (nowMs: number): number => {
  const text = execCredential({ certificate, key, expires: notAfter }, { nowMs });
  return Date.parse(JSON.parse(text).status.expirationTimestamp);
};

test('the end is told a minute early, where that much is left', () => {
  expect(endTold(endMs - 3_600_000)).toBe(endMs - 60_000);
  expect(endTold(endMs - 60_001)).toBe(endMs - 60_000);
  expect(endTold(endMs - 60_000)).toBe(endMs);
  expect(endTold(endMs + 1)).toBe(endMs);
});

test('has the form that kubectl reads', () => {
  const expires = new Date('2026-01-02T03:04:05.678Z');
  expect(execCredential({ certificate: 'C\n', key: 'K\n', expires }, { nowMs: 0 })).toBe(
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},' +
      '"status":{"expirationTimestamp":"2026-01-02T03:03:05Z","clientCertificateData":"C\\n","clientKeyData":"K\\n"}}\n',
  );
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbot-kube-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("takes a credential out of a directory that Go's tbot wrote", async () => {
  await writeFile(join(directory, 'identity'), identity);
  const found = await credentialInDirectory(`file://${directory}`, endMs - 1);
  expect(found).toEqual({ certificate, key, expires: notAfter });
});

test('one that has ended, is of two halves or is not there is an error, not an answer', async () => {
  const codeOf = async (nowMs: number): Promise<string | undefined> => {
    const error = await credentialInDirectory(directory, nowMs).catch((refused: unknown) => refused);
    return isTeleportError(error) ? error.code : String(error);
  };
  expect(await codeOf(0)).toBe('not_found');
  await writeFile(join(directory, 'identity'), identity);
  expect(await codeOf(endMs)).toBe('expired');
  const other = readFileSync(new URL('../kubernetes-inline/key', RECORDED), 'utf8');
  const parts = { privateKey: other, tlsCertificate: certificate, sshAuthorities: [], tlsAuthorities: [] };
  await writeFile(join(directory, 'identity'), formatIdentityFile(parts));
  expect(await codeOf(0)).toBe('bad_parameter');
});
