import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous } from './anonymous.ts';
import type { CredentialSource } from './credential-source.ts';
import { fromFunction } from './from-function.ts';
import { loadIdentityFile, loadIdentityString } from './identity-file.ts';
import { loadKeyPair } from './load-key-pair.ts';
import { loadTLS } from './load-tls.ts';

const golden = (name: string): string => fileURLToPath(new URL(`../../testdata/teleport-18/${name}`, import.meta.url));
const recordedAt = Date.parse('2026-11-22T01:50:00Z');

const read = (name: string): Promise<string> => readFile(golden(name), 'utf8');
const pair = (): CredentialSource =>
  loadKeyPair(golden('alice-tls.crt'), golden('alice-tls.key'), golden('alice-tls.cas'));

async function refused(source: CredentialSource): Promise<TeleportError> {
  const error = await source.current().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTeleportError(error)) throw new Error('the credential was taken', { cause: error });
  return error;
}

describe('what a real cluster wrote', () => {
  test.each([
    ['identity file', () => loadIdentityFile(golden('alice.id'))],
    ['key pair', pair],
  ])('%s: who it is for, and until when', async (_name, source) => {
    const set = await source().current();
    expect(set).toMatchObject({ user: 'alice', cluster: 'root.example', insecure: false });
    expect(set.ca).toHaveLength(2);
    expect(set.privateKeyPem()).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(() => set.assertValidAt(recordedAt)).not.toThrow();
  });

  test('identity file of tbot', async () => {
    const set = await loadIdentityFile(golden('tbot-identity')).current();
    expect(set).toMatchObject({ user: 'bot-ci', cluster: 'root.example' });
    expect(set.notAfter).toEqual(new Date('2026-11-22T02:29:10Z'));
  });

  test('text, parts and function give the same', async () => {
    const [cert, key, ca] = await Promise.all(['crt', 'key', 'cas'].map((end) => read(`alice-tls.${end}`)));
    const parts = { cert, key, ca } as { cert: string; key: string; ca: string };
    const expected = await pair().current();
    for (const source of [loadTLS(parts), fromFunction(async () => parts)]) {
      const set = await source.current();
      expect(set.cert).toBe(expected.cert);
      expect(set.privateKeyPem()).toBe(expected.privateKeyPem());
    }
    const fromText = await loadIdentityString(await read('alice.id')).current();
    expect(fromText.cert).toBe((await loadIdentityFile(golden('alice.id')).current()).cert);
  });
});

describe('validity', () => {
  test('an expired certificate is refused, naming the file and the date', async () => {
    const set = await pair().current();
    const after = (set.notAfter as Date).getTime();
    expect(() => set.assertValidAt(after - 1)).not.toThrow();
    expect(() => set.assertValidAt(after)).toThrowError(
      expect.objectContaining({
        code: 'expired',
        retryable: false,
        message: `the certificate in ${golden('alice-tls.crt')} expired at ${set.notAfter?.toISOString()}`,
        hint: expect.stringContaining('issue a new one'),
      }),
    );
  });

  test('one that is not valid yet is refused, and the clock is suspected', async () => {
    const set = await loadIdentityFile(golden('alice.id')).current();
    const before = (set.notBefore as Date).getTime();
    expect(() => set.assertValidAt(before)).not.toThrow();
    expect(() => set.assertValidAt(before - 1)).toThrowError(
      expect.objectContaining({
        code: 'bad_parameter',
        message: expect.stringContaining(`alice.id is not valid before ${set.notBefore?.toISOString()}`),
        hint: expect.stringContaining('clock skew'),
      }),
    );
  });
});

describe('what is damaged', () => {
  let folder: string;
  let write: (name: string, text: string) => Promise<string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credentials-'));
    write = async (name, text) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const [crt, key, cas] = ['crt', 'key', 'cas'].map((end) => golden(`alice-tls.${end}`)) as [string, string, string];

  test('a key of another certificate', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const text = other.export({ type: 'pkcs8', format: 'pem' }).toString();
    const path = await write('other.key', text);
    const error = await refused(loadKeyPair(crt, path, cas));
    expect(error).toMatchObject({
      code: 'bad_parameter',
      message: `the private key ${path} does not belong to the certificate ${crt}`,
    });
    const inOne = await refused(
      loadTLS({ cert: await read('alice-tls.crt'), key: other, ca: await read('alice-tls.cas') }),
    );
    expect(inOne.message).toBe('the private key and the certificate in the TLS credential do not belong together');
    expect(inspect([error, inOne], { depth: 5 })).not.toContain(text.split('\n')[1]);
  });

  test('half a PEM block', async () => {
    const path = await write('half.crt', (await read('alice-tls.crt')).slice(0, 300));
    await expect(refused(loadKeyPair(path, key, cas))).resolves.toMatchObject({
      code: 'bad_parameter',
      message: `${path} holds half a PEM block: CERTIFICATE at line 1 begins and does not end`,
      hint: expect.stringContaining('cut short'),
    });
    const identity = await write('half.id', (await read('alice.id')).trimEnd().slice(0, -20));
    await expect(refused(loadIdentityFile(identity))).resolves.toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining(identity),
    });
  });

  test('a file that is not there, or is a folder', async () => {
    await expect(refused(loadKeyPair(crt, join(folder, 'nosuch.key'), cas))).resolves.toMatchObject({
      code: 'not_found',
      message: `the key file ${join(folder, 'nosuch.key')} does not exist`,
    });
    await expect(refused(loadIdentityFile(folder))).resolves.toMatchObject({
      code: 'bad_parameter',
      message: `the identity file ${folder} is a folder`,
    });
  });

  test('content that is something else', async () => {
    const empty = await write('empty', '');
    await expect(refused(loadKeyPair(empty, key, cas))).resolves.toMatchObject({
      message: `${empty} holds no certificate`,
    });
    await expect(refused(loadKeyPair(crt, empty, cas))).resolves.toMatchObject({
      message: `${empty} holds no private key`,
    });
    await expect(refused(loadKeyPair(crt, key, empty))).resolves.toMatchObject({
      message: `${empty} holds no CA certificate`,
    });
    const junk = await write('junk', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    await expect(refused(loadKeyPair(junk, key, cas))).resolves.toMatchObject({
      code: 'bad_parameter',
      message: `${junk} holds a certificate that cannot be read`,
    });
  });

  test('keys that Node cannot use', async () => {
    const block = (label: string): string => `-----BEGIN ${label}-----\nc2VjcmV0\n-----END ${label}-----\n`;
    const hardware = await write('piv.key', block('PIV YUBIKEY PRIVATE KEY'));
    await expect(refused(loadKeyPair(crt, hardware, cas))).resolves.toMatchObject({
      code: 'not_implemented',
      message: `the private key of ${hardware} is in a hardware token`,
    });
    const openssh = await write('ssh.key', block('OPENSSH PRIVATE KEY'));
    const error = await refused(loadKeyPair(crt, openssh, cas));
    expect(error).toMatchObject({
      code: 'bad_parameter',
      message: `the private key of ${openssh} cannot be read (OPENSSH PRIVATE KEY)`,
    });
    expect(inspect(error, { depth: 5 })).not.toContain('c2VjcmV0');
  });
});

test('the key shows in no inspection', async () => {
  const set = await pair().current();
  const secret = (await read('alice-tls.key')).split('\n')[1] as string;
  expect(inspect(set, { depth: 5, showHidden: true })).not.toContain(secret);
  expect(JSON.stringify(set)).not.toContain(secret);
});

test('the key pair is read again each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  try {
    const path = join(folder, 'id');
    const source = loadIdentityFile(path);
    await expect(source.current()).rejects.toMatchObject({ code: 'not_found' });
    await writeFile(path, await read('alice.id'));
    await expect(source.current()).resolves.toMatchObject({ user: 'alice' });
    await writeFile(path, await read('tbot-identity'));
    await expect(source.current()).resolves.toMatchObject({ user: expect.stringMatching(/^bot-/) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('what a credential function throws comes out as it is', async () => {
  const reason = new Error('vault is sealed');
  await expect(fromFunction(() => Promise.reject(reason)).current()).rejects.toBe(reason);
});

test('without a credential the CA must be given, or everything be trusted', async () => {
  await expect(anonymous({}).current()).rejects.toMatchObject({ code: 'bad_parameter' });
  await expect(anonymous({ insecure: true }).current()).resolves.toMatchObject({ insecure: true, ca: [] });
  const set = await anonymous({ ca: await read('alice-tls.cas') }).current();
  expect(set).toMatchObject({ insecure: false, cert: undefined });
  expect(set.privateKeyPem()).toBeUndefined();
});
