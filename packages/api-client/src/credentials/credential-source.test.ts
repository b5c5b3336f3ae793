import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import { TestPki } from '../../test-support/pki.ts';
import { type Parts, tshFiles, writeTree } from '../../test-support/tsh-tree.ts';
import type { CredentialSource } from './credential-source.ts';
import { firstOf } from './first-of.ts';
import { fromFunction } from './from-function.ts';
import { loadIdentityFile, loadIdentityString } from './identity-file.ts';
import { loadKeyPair } from './load-key-pair.ts';
import { loadProfile } from './load-profile.ts';
import { loadTLS } from './load-tls.ts';

const pki = new TestPki('root.test');
const alice = pki.user();

const identity = ({ key, cert, ca }: Parts): string => [key, cert, ca].join('\n');

/** A source over parts that are kept at some place, and that place: how it is named, and how its content is replaced. */
interface Kept {
  readonly source: CredentialSource;
  /** How errors name the certificate and the key. */
  readonly certificate: string;
  readonly key: string;
  put(parts: Parts): Promise<void>;
}

type Keep = (folder: string, parts: Parts) => Promise<Kept>;

const keyPair: Keep = async (folder, parts) => {
  const [cert, key, ca] = ['api.crt', 'api.key', 'api.cas'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const put = (parts: Parts): Promise<void> =>
    writeTree(folder, { 'api.crt': parts.cert, 'api.key': parts.key, 'api.cas': parts.ca });
  await put(parts);
  return { source: loadKeyPair(cert, key, ca), certificate: cert, key, put };
};

const identityFile: Keep = async (folder, parts) => {
  const path = join(folder, 'identity');
  const put = (parts: Parts): Promise<void> => writeTree(folder, { identity: identity(parts) });
  await put(parts);
  return { source: loadIdentityFile(path), certificate: path, key: path, put };
};

const profile: Keep = async (folder, parts) => {
  const put = (parts: Parts): Promise<void> => writeTree(folder, tshFiles(parts));
  await put(parts);
  const keys = join(folder, 'keys/proxy.test/alice');
  return { source: loadProfile(folder), certificate: `${keys}.crt`, key: `${keys}.key`, put };
};

const inMemory =
  (name: string, source: (held: { parts: Parts }) => CredentialSource): Keep =>
  async (_folder, parts) => {
    const held = { parts };
    const put = async (parts: Parts): Promise<void> => {
      held.parts = parts;
    };
    return { source: source(held), certificate: name, key: name, put };
  };

const second: Keep = async (folder, parts) => {
  const kept = await keyPair(folder, parts);
  return { ...kept, source: firstOf(loadIdentityFile(join(folder, 'nosuch')), kept.source) };
};

const sources: readonly (readonly [string, Keep])[] = [
  ['key pair', keyPair],
  ['identity file', identityFile],
  ['profile', profile],
  ['function', inMemory('the credential function', (held) => fromFunction(() => held.parts))],
  ['second of two', second],
  ['TLS', inMemory('the TLS credential', ({ parts }) => loadTLS(parts))],
  ['identity string', inMemory('identity string', ({ parts }) => loadIdentityString(identity(parts)))],
];

async function refused(source: CredentialSource): Promise<TeleportError> {
  const error = await source.current().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTeleportError(error)) throw new Error('the credential was taken', { cause: error });
  return error;
}

/** The key of the certificate, its public half whole, with another secret. */
function damagedSecret(): string {
  const jwk = createPrivateKey(alice.key).export({ format: 'jwk' });
  const { d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const key = createPrivateKey({ key: { ...jwk, d: d ?? '' }, format: 'jwk' });
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pkcs8 = (options: object = {}): string =>
  otherKey.export({ type: 'pkcs8', format: 'pem', ...options }).toString();
const block = (label: string): string => `-----BEGIN ${label}-----\nc2VjcmV0\n-----END ${label}-----\n`;

describe.each(sources)('a credential source: %s', (_name, keep) => {
  const use = async (parts: Parts, run: (kept: Kept) => Promise<void>): Promise<void> => {
    await using folder = await TemporaryDirectory.create();
    await run(await keep(folder.path, parts));
  };

  test('says whose it is, and until when', () =>
    use(alice, async ({ source }) => {
      const set = await source.current();
      expect(set).toMatchObject({ user: 'alice', cluster: 'root.test', insecure: false, cert: alice.cert });
      expect(set.ca).toEqual([pki.hostCa]);
      expect(set.notAfter?.getTime()).toBeGreaterThan(Date.now());
      set.assertValidAt(Date.now());
    }));

  test('equal content is the same credential, other content is not', () =>
    use(alice, async ({ source, put }) => {
      const [first, again] = await Promise.all([source.current(), source.current()]);
      expect(again.fingerprint).toBe(first.fingerprint);
      expect((await source.current()).fingerprint).toBe(first.fingerprint);
      if (source.constant) return;
      await put(pki.user());
      expect((await source.current()).fingerprint).not.toBe(first.fingerprint);
    }));

  test.each([
    [
      'expired',
      'expired',
      'expired at',
      { notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 1) },
    ],
    ['not valid yet', 'bad_parameter', 'is not valid before', { notBefore: new Date(Date.now() + 60_000) }],
  ])('one that is %s is refused with its place and the date', (_case, code, says, life) =>
    use(pki.user(life), async ({ source, certificate }) => {
      const set = await source.current();
      const date = code === 'expired' ? set.notAfter : set.notBefore;
      expect(() => set.assertValidAt(Date.now())).toThrowError(
        expect.objectContaining({ code, retryable: false, message: expect.stringContaining(says) }),
      );
      expect(() => set.assertValidAt(Date.now())).toThrowError(certificate);
      expect(() => set.assertValidAt(Date.now())).toThrowError(date?.toISOString());
    }),
  );

  test.each([
    ['the key of another certificate', { key: pkcs8() }, 'bad_parameter', 'belong'],
    ['a key whose secret half is damaged', { key: damagedSecret() }, 'bad_parameter', 'belong'],
    ['half a certificate', { cert: alice.cert.slice(0, 200) }, 'bad_parameter', 'begins'],
    ['half a key', { key: alice.key.slice(0, 100) }, 'bad_parameter', 'begins'],
    ['half an authority', { ca: alice.ca.slice(0, -40) }, 'bad_parameter', 'begins'],
    ['an encrypted key', { key: pkcs8({ cipher: 'aes-256-cbc', passphrase: 'x' }) }, 'bad_parameter', 'encrypted'],
    ['a key on a hardware token', { key: block('PIV YUBIKEY PRIVATE KEY') }, 'not_implemented', 'hardware token'],
    ['a key that is damaged', { key: block('PRIVATE KEY') }, 'bad_parameter', 'read'],
    ['a certificate that is damaged', { cert: block('CERTIFICATE') }, 'bad_parameter', 'read'],
    ['no authority', { ca: '' }, 'bad_parameter', 'no CA certificate'],
    ['nothing', { key: '', cert: '', ca: '' }, 'bad_parameter', ' no '],
  ])('%s is refused by name, without the key, and forgotten when it is mended', (_case, wrong, code, says) =>
    use({ ...alice, ...wrong }, async ({ source, certificate, key, put }) => {
      const error = await refused(source);
      expect(error).toMatchObject({ code, retryable: false, message: expect.stringContaining(says) });
      expect([certificate, key, 'api.cas', 'cas/root.test.pem'].some((place) => error.message.includes(place))).toBe(
        true,
      );
      const shown = inspect(error, { depth: 8, showHidden: true });
      for (const secret of [alice.key, pkcs8(), 'c2VjcmV0'])
        expect(shown).not.toContain(secret.split('\n').at(-3) || secret);
      if (source.constant) return;
      await put(alice);
      await expect(source.current()).resolves.toMatchObject({ user: 'alice' });
    }),
  );

  test('whoever gave up gets their own reason', () =>
    use(alice, async ({ source }) => {
      const reason = new Error('enough');
      await expect(source.current({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    }));

  test('the key shows nowhere', () =>
    use(alice, async ({ source }) => {
      const set = await source.current();
      const secret = alice.key.split('\n')[1] as string;
      expect(set.privateKeyPem()).toContain(secret);
      expect(inspect([set, source], { depth: 8, showHidden: true })).not.toContain(secret);
      expect(JSON.stringify(set)).not.toContain(secret);
    }));
});
