import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { TestPki } from '../../test-support/pki.ts';
import { tshFiles, writeTree } from '../../test-support/tsh-tree.ts';
import { loadProfile } from './load-profile.ts';
import { profileValues } from './profile-yaml.ts';

const golden = fileURLToPath(new URL('../../testdata/teleport-18/tsh', import.meta.url));
const pki = new TestPki('root.test');
const alice = pki.user();

const tree = async (files: Readonly<Record<string, string>> = tshFiles(alice)): Promise<TemporaryDirectory> => {
  const folder = await TemporaryDirectory.create();
  await writeTree(folder.path, files);
  return folder;
};

afterEach(() => vi.unstubAllEnvs());

test('what a real tsh wrote', async () => {
  const source = loadProfile(golden);
  await expect(source.addresses?.()).resolves.toEqual(['localhost:15080']);
  const set = await source.current();
  expect(set).toMatchObject({ user: 'alice', cluster: 'root.example', insecure: false });
  expect(set.ca).toHaveLength(2);
  expect(source.paths?.()).toEqual(
    [
      'current-profile',
      'localhost.yaml',
      'keys/localhost/alice.crt',
      'keys/localhost/alice.key',
      'keys/localhost/cas/leaf.example.pem',
      'keys/localhost/cas/root.example.pem',
    ].map((path) => join(golden, path)),
  );
  expect(() => set.assertValidAt(Date.parse('2026-11-22T01:50:00Z'))).not.toThrow();
  expect(() => set.assertValidAt(Date.parse('2026-11-22T12:00:00Z'))).toThrowError(
    expect.objectContaining({
      code: 'expired',
      message: `the certificate in ${join(golden, 'keys/localhost/alice.crt')} expired at 2026-11-22T09:37:38.000Z`,
      hint: expect.stringContaining('tsh login --proxy=localhost:15080 --user=alice'),
    }),
  );
});

test('the folder: the argument, then TELEPORT_HOME, then ~/.tsh', async () => {
  await using folder = await tree(tshFiles(alice, { user: 'of-home' }));
  vi.stubEnv('TELEPORT_HOME', folder.path);
  await expect(loadProfile().addresses?.()).resolves.toEqual(['proxy.test:443']);
  await expect(loadProfile(golden).addresses?.()).resolves.toEqual(['localhost:15080']);
  vi.stubEnv('TELEPORT_HOME', '');
  vi.stubEnv('HOME', folder.path);
  await expect(loadProfile().current()).rejects.toMatchObject({
    code: 'not_found',
    message: `there is no current tsh profile in ${join(folder.path, '.tsh')}`,
    hint: expect.stringContaining('tsh login'),
  });
  await writeTree(join(folder.path, '.tsh'), tshFiles(alice));
  await expect(loadProfile().current()).resolves.toMatchObject({ user: 'alice' });
});

test('a profile by its name, or by the address of its proxy', async () => {
  await using folder = await tree({
    ...tshFiles(alice, { proxy: 'other.test:3080' }),
    ...tshFiles(alice, { proxy: 'proxy.test:443' }),
  });
  for (const name of ['other.test', 'other.test:3080']) {
    await expect(loadProfile(folder.path, name).addresses?.()).resolves.toEqual(['other.test:3080']);
    await expect(loadProfile(folder.path, name).current()).resolves.toMatchObject({ user: 'alice' });
  }
  await expect(loadProfile(folder.path).addresses?.()).resolves.toEqual(['proxy.test:443']);
  await expect(loadProfile(folder.path, 'nosuch.test').current()).rejects.toMatchObject({
    code: 'not_found',
    message: `the tsh profile ${join(folder.path, 'nosuch.test.yaml')} does not exist`,
  });
});

test('the authorities of an older tsh stand in one file', async () => {
  const { 'keys/proxy.test/cas/root.test.pem': ca = '', ...rest } = tshFiles(alice);
  await using folder = await tree({ ...rest, 'keys/proxy.test/certs.pem': ca });
  await expect(loadProfile(folder.path).current()).resolves.toMatchObject({ ca: [pki.hostCa] });
});

test('no name in it leads out of its folder', async () => {
  for (const yaml of ['web_proxy_addr: ../..\nuser: alice', 'web_proxy_addr: proxy.test:443\nuser: ../../alice']) {
    await using folder = await tree({ ...tshFiles(alice), 'proxy.test.yaml': yaml });
    await expect(loadProfile(folder.path).current()).rejects.toMatchObject({ code: 'bad_parameter' });
  }
  await expect(loadProfile(golden, '../x').current()).rejects.toMatchObject({
    code: 'bad_parameter',
    message: 'the given profile name cannot be the name of a file',
  });
});

test('a profile that does not say whose it is', async () => {
  await using folder = await tree({ ...tshFiles(alice), 'proxy.test.yaml': 'user: alice\n' });
  await expect(loadProfile(folder.path).current()).rejects.toMatchObject({
    code: 'bad_parameter',
    message: `the tsh profile ${join(folder.path, 'proxy.test.yaml')} has no web_proxy_addr`,
    hint: expect.stringContaining('tsh login'),
  });
});

test('logged out: the certificate is gone', async () => {
  const { 'keys/proxy.test/alice.crt': _, ...rest } = tshFiles(alice);
  await using folder = await tree(rest);
  await expect(loadProfile(folder.path).current()).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('keys/proxy.test/alice.crt does not exist'),
  });
});

test('YAML as Go writes it', () => {
  const text = [
    '# a note',
    'user: alice@example.com # hers',
    'number: "123"',
    "single: 'it''s'",
    'double: "tab\\there"',
    'empty: ""',
    'none:',
    'list:',
    '    - "8080"',
    'flow: [a, b]',
    'block: |-',
    '    user: mallory',
    'half: "open',
    'hash#tag: no',
    'hash: a#b',
  ].join('\r\n');
  expect(Object.fromEntries(profileValues(text))).toEqual({
    user: 'alice@example.com',
    number: '123',
    single: "it's",
    double: 'tab\there',
    empty: '',
    none: '',
    list: '',
    hash: 'a#b',
  });
});
