import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { blockingFileSystem } from './blocking-file-system.ts';
import type { Destination, FileSet } from './destination.ts';
import { DirectoryDestination, type DirectoryOptions } from './directory.ts';
import { MemoryDestination } from './memory.ts';

// What every destination does; one suite for all kinds.

const directories: string[] = [];
afterEach(async () => {
  for (const path of directories.splice(0)) await rm(path, { recursive: true, force: true });
});

async function newDirectory(options: DirectoryOptions = {}): Promise<DirectoryDestination> {
  const path = await mkdtemp(join(tmpdir(), 'tbot-destination-'));
  directories.push(path);
  return DirectoryDestination.open(join(path, 'made/here'), options);
}

const kinds: Readonly<Record<string, () => Promise<Destination>>> = {
  directory: () => newDirectory(),
  'directory, without threads': () => newDirectory({ fileSystem: blockingFileSystem }),
  memory: async () => new MemoryDestination(),
};

describe.each(Object.entries(kinds))('a %s destination', (_, open) => {
  test('gives back what was written, and nothing for what was not', async () => {
    await using destination = await open();
    const result = await destination.write({ key: 'secret\n', 'key.pub': Buffer.from([0, 255, 10]) });
    expect(result).toEqual({ written: ['key', 'key.pub'], unchanged: [] });
    expect(String(await destination.read('key'))).toBe('secret\n');
    expect(await destination.read('key.pub')).toEqual(Buffer.from([0, 255, 10]));
    expect(await destination.read('tlscert')).toBeUndefined();
  });

  test('tells what changed, and leaves other files alone', async () => {
    await using destination = await open();
    await destination.write({ a: '1', b: '1', c: '1' });
    expect(await destination.write({ a: '1', b: '2' })).toEqual({ written: ['b'], unchanged: ['a'] });
    expect(await destination.write({ b: '2', a: '1' })).toEqual({ written: [], unchanged: ['b', 'a'] });
    expect(await contents(destination, ['a', 'b', 'c'])).toEqual({ a: '1', b: '2', c: '1' });
  });

  test('keeps empty files', async () => {
    await using destination = await open();
    await destination.write({ '.write-test': '' });
    expect(await destination.read('.write-test')).toEqual(Buffer.alloc(0));
  });

  test('is not changed by what happens to a buffer afterwards', async () => {
    await using destination = await open();
    const given = Buffer.from('before');
    await destination.write({ key: given });
    given.fill(0);
    (await destination.read('key'))?.fill(0);
    expect(String(await destination.read('key'))).toBe('before');
  });

  test.each([
    '',
    '.',
    '..',
    'a/b/c',
    'a/../b',
    '/a',
    'a/',
    'a/.commit.json',
    '/etc/passwd',
    '../x',
    'nul\0',
    '.commit.json',
    '.key.1-0123456789ab.tmp',
    'x'.repeat(201),
  ])('refuses %j as a name, before anything is written', async (name) => {
    await using destination = await open();
    const refused = (error: unknown): boolean => isTeleportError(error, 'bad_parameter');
    await expect(destination.write({ first: 'x', [name]: 'y' })).rejects.toSatisfy(refused);
    await expect(destination.read(name)).rejects.toSatisfy(refused);
    expect(await destination.read('first')).toBeUndefined();
  });

  test('a name is a file or a directory, not both', async () => {
    await using destination = await open();
    await expect(destination.write({ a: '1', 'a/b': '2' })).rejects.toThrow('"a" is both a file and a directory');
  });

  test('a file without content goes away with its set, and stays away', async () => {
    await using destination = await open();
    await destination.write({ key: '1', 'key-cert.pub': '1', 'below/key': '1' });
    const sets = { key: '2', 'key-cert.pub': null, 'below/key': null };
    expect(await destination.write(sets)).toEqual({ written: ['key'], unchanged: [] });
    expect(await contents(destination, Object.keys(sets))).toEqual({
      key: '2',
      'key-cert.pub': 'undefined',
      'below/key': 'undefined',
    });
    expect(await destination.write(sets)).toEqual({ written: [], unchanged: ['key'] });
  });

  test('writes at the same time end as one of the sets, whole', async () => {
    await using destination = await open();
    await Promise.all(['1', '2', '3', '4'].map((round) => destination.write({ key: round, cert: round, ca: round })));
    const { key, cert, ca } = await contents(destination, ['key', 'cert', 'ca']);
    expect([cert, ca]).toEqual([key, key]);
  });

  test('any sequence of sets reads like the last value of each file', async () => {
    const name = fc.constantFrom('key', 'tlscert', 'below/key', 'below/cert', '.write-test');
    const set = fc.dictionary(name, fc.option(fc.string({ maxLength: 20 })), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(set, { maxLength: 6 }), async (sets) => {
        await using destination = await open();
        const expected: Record<string, string> = {};
        for (const files of sets) {
          await destination.write(files as FileSet);
          for (const [name, content] of Object.entries(files)) expected[name] = content ?? 'undefined';
        }
        expect(await contents(destination, Object.keys(expected))).toEqual(expected);
      }),
      { numRuns: process.env.SOAK ? 500 : 15 },
    );
  });

  test('can be locked once at a time, and released twice', async () => {
    await using destination = await open();
    const lock = await destination.lock();
    await expect(destination.lock()).rejects.toSatisfy((error) => isTeleportError(error, 'already_exists'));
    await lock[Symbol.asyncDispose]();
    await lock[Symbol.asyncDispose]();
    await using again = await destination.lock();
    expect(again).toBeDefined();
  });

  test('can be closed twice', async () => {
    const destination = await open();
    await destination.close();
    await destination.close();
  });
});

async function contents(destination: Destination, names: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, String(await destination.read(name))] as const)),
  );
}
