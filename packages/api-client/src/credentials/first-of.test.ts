import { join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { TestPki } from '../../test-support/pki.ts';
import { tshFiles, writeTree } from '../../test-support/tsh-tree.ts';
import type { CredentialSource } from './credential-source.ts';
import { firstOf } from './first-of.ts';
import { fromFunction } from './from-function.ts';
import { loadIdentityFile } from './identity-file.ts';
import { loadProfile } from './load-profile.ts';
import { loadTLS } from './load-tls.ts';

const pki = new TestPki('root.test');
const absent = (name: string): CredentialSource =>
  fromFunction(() => Promise.reject(new TeleportError('not_found', `no ${name}`)));

test('the first that is there is taken, and no later one is asked', async () => {
  let asked = 0;
  const later = fromFunction(() => {
    asked += 1;
    return pki.user();
  });
  const source = firstOf(absent('file'), loadTLS(pki.user()), later);
  await expect(source.current()).resolves.toMatchObject({ origin: 'the TLS credential' });
  expect(asked).toBe(0);
});

test('one that is there and cannot be used is not passed over', async () => {
  const broken = loadTLS({ ...pki.user(), key: pki.user().key });
  await expect(firstOf(broken, loadTLS(pki.user())).current()).rejects.toMatchObject({ code: 'bad_parameter' });
});

test('when all are absent, all are named', async () => {
  const error = firstOf(absent('file'), absent('profile')).current();
  await expect(error).rejects.toMatchObject({
    code: 'not_found',
    message: 'no credential was found: no file; no profile',
    cause: { errors: [{ message: 'no file' }, { message: 'no profile' }] },
  });
  expect(() => firstOf()).toThrowError(/no credential source/);
});

test('nothing is remembered: one that comes to be there is found, and its files are watched for', async () => {
  await using folder = await TemporaryDirectory.create();
  const path = join(folder.path, 'identity');
  const source = firstOf(loadIdentityFile(path), loadProfile(join(folder.path, 'tsh')));
  await expect(source.current()).rejects.toMatchObject({ code: 'not_found' });
  expect(source.paths?.()).toEqual([path, join(folder.path, 'tsh/current-profile')]);
  await writeTree(join(folder.path, 'tsh'), tshFiles(pki.user()));
  await expect(source.current()).resolves.toMatchObject({ user: 'alice' });
  await expect(source.addresses?.()).resolves.toEqual(['proxy.test:443']);
  expect(source.paths?.()).toContain(join(folder.path, 'tsh/keys/proxy.test/alice.key'));
  const { key, cert, ca } = pki.user();
  await writeTree(folder.path, { identity: key + cert + ca });
  await expect(source.current()).resolves.toMatchObject({ origin: `the identity file ${path}` });
  expect(source.paths?.()).toEqual([path]);
  await expect(source.addresses?.()).resolves.toEqual([]);
});

test('who asks at the same time shares one answer; a failure is shared too and then forgotten', async () => {
  let asked = 0;
  const source = firstOf(
    fromFunction(async () => {
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (asked === 1) throw new TeleportError('connection_problem', 'the vault is sealed');
      return pki.user();
    }),
  );
  const together = await Promise.allSettled([source.current(), source.current(), source.current()]);
  expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(asked).toBe(1);
  const [first, second] = await Promise.all([source.current(), source.current()]);
  expect(asked).toBe(2);
  expect(second).toBe(first);
});

test('one of many who gives up does not take the answer from the others; the last one ends the work', async () => {
  let ended: unknown;
  let answer = (): void => {};
  const source = fromFunction(
    ({ signal }) =>
      new Promise((resolve, reject) => {
        answer = () => resolve(pki.user());
        signal?.addEventListener('abort', () => {
          ended = signal.reason;
          reject(signal.reason);
        });
      }),
  );
  const [one, other] = [new AbortController(), new AbortController()];
  const given = [source.current({ signal: one.signal }), source.current({ signal: other.signal })] as const;
  one.abort(new Error('one'));
  await expect(given[0]).rejects.toThrow('one');
  expect(ended).toBeUndefined();
  answer();
  await expect(given[1]).resolves.toMatchObject({ user: 'alice' });
  const alone = source.current({ signal: AbortSignal.any([other.signal]) });
  other.abort(new Error('other'));
  await expect(alone).rejects.toThrow('other');
  expect(ended).toEqual(new Error('other'));
});
