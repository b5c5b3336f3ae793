import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectoryDestination } from './directory.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';

const OLD = { key: 'old key', tlscert: 'old certificate', ca: 'authority' };
const NEW = { key: 'new key', tlscert: 'new certificate', ca: 'authority' };

let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tbot-directory-'));
  path = join(root, 'set');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function setOnDisk(): Promise<Record<string, string>> {
  const names = (await readdir(path)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')])),
  );
}

async function failureOf(step: Promise<unknown>): Promise<TeleportError> {
  const error = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTeleportError(error)) throw new Error(`expected a TeleportError, got ${String(error)}`);
  return error;
}

test('makes the directory and its parents for the owner alone, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    path = join(root, 'a/b/set');
    const destination = await DirectoryDestination.open(path);
    await destination.write(OLD);
  } finally {
    process.umask(before);
  }
  for (const directory of ['a', 'a/b', 'a/b/set'])
    expect((await lstat(join(root, directory))).mode & 0o777).toBe(0o700);
  for (const name of Object.keys(OLD)) expect((await lstat(join(path, name))).mode & 0o777).toBe(0o600);
  expect(await setOnDisk()).toEqual(OLD);
});

test('leaves what did not change untouched, and tightens a file that others may read', async () => {
  const destination = await DirectoryDestination.open(path);
  await destination.write(OLD);
  const before = await lstat(join(path, 'ca'));
  await destination.write(NEW);
  const after = await lstat(join(path, 'ca'));
  expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  await chmod(join(path, 'ca'), 0o644);
  expect(await destination.write(NEW)).toEqual({ written: ['ca'], unchanged: ['key', 'tlscert'] });
  expect((await lstat(join(path, 'ca'))).mode & 0o777).toBe(0o600);
});

describe('links and other things in the way', () => {
  test('a symbolic link for a file is refused, and what it points to is left alone', async () => {
    const destination = await DirectoryDestination.open(path);
    await destination.write(OLD);
    const outside = join(root, 'outside');
    await writeFile(outside, 'precious');
    await rm(join(path, 'key'));
    await symlink(outside, join(path, 'key'));
    const error = await failureOf(destination.write(NEW));
    expect([error.code, error.message]).toEqual([
      'bad_parameter',
      `${path}/key is a symbolic link, and links are not followed`,
    ]);
    expect(await readFile(outside, 'utf8')).toBe('precious');
    expect(await readFile(join(path, 'tlscert'), 'utf8')).toBe(OLD.tlscert);
    expect((await failureOf(destination.read('key'))).message).toContain('ELOOP');
  });

  test('so is one for the directory itself, dangling or not', async () => {
    await symlink(join(root, 'elsewhere'), path);
    expect((await failureOf(DirectoryDestination.open(path))).message).toBe(
      `${path} is a symbolic link, and links are not followed`,
    );
    await mkdir(join(root, 'elsewhere'));
    expect((await failureOf(DirectoryDestination.open(path))).code).toBe('bad_parameter');
    expect(await readdir(join(root, 'elsewhere'))).toEqual([]);
  });

  test('so is one for a directory below it', async () => {
    const destination = await DirectoryDestination.open(path);
    await destination.write({ 'below/key': 'old' });
    expect((await lstat(join(path, 'below'))).mode & 0o777).toBe(0o700);
    await rm(join(path, 'below'), { recursive: true });
    const outside = join(root, 'outside');
    await mkdir(outside);
    await symlink(outside, join(path, 'below'));
    const refusal = `${path}/below is a symbolic link, and links are not followed`;
    for (const step of [destination.write({ 'below/key': 'new' }), destination.read('below/key')]) {
      expect((await failureOf(step)).message).toBe(refusal);
    }
    expect(await readdir(outside)).toEqual([]);
    await rm(join(path, 'below'));
    await writeFile(join(path, 'below'), 'a file');
    expect((await failureOf(destination.write({ 'below/key': 'new' }))).message).toContain('is not a directory');
  });

  test('a link that waits under the name of a temporary file or of the record is not written through', async () => {
    const outside = join(root, 'outside');
    await writeFile(outside, 'precious');
    await mkdir(path);
    await symlink(outside, join(path, '.commit.json'));
    const error = await failureOf(DirectoryDestination.open(path));
    expect(error.message).toContain('ELOOP');
    expect(await readFile(outside, 'utf8')).toBe('precious');
  });

  test('a regular file, a directory for a file, a FIFO for a file', async () => {
    await writeFile(path, '');
    expect((await failureOf(DirectoryDestination.open(path))).message).toBe(`${path} is not a directory`);
    await rm(path);
    const destination = await DirectoryDestination.open(path);
    await mkdir(join(path, 'key'));
    expect((await failureOf(destination.write(NEW))).message).toBe(`${path}/key is not a regular file`);
    await rm(join(path, 'key'), { recursive: true });
    execFileSync('mkfifo', [join(path, 'key')]);
    expect((await failureOf(destination.write(NEW))).message).toBe(`${path}/key is not a regular file`);
  });
});

describe('a step of the file system that fails', () => {
  /** The real file system, with step number `failing` of the write failing like `errno`. */
  function failingAt(failing: number, errno: string): { fileSystem: FileSystem; steps(): number } {
    let steps = 0;
    const step = <T>(real: () => Promise<T>): Promise<T> => {
      if (steps++ !== failing) return real();
      return Promise.reject(Object.assign(new Error(`${errno}: told to fail`), { code: errno, syscall: 'write' }));
    };
    const fileSystem: FileSystem = {
      ...nodeFileSystem,
      open: (...given) => step(() => nodeFileSystem.open(...given)),
      write: (...given) => step(() => nodeFileSystem.write(...given)),
      sync: (file) => step(() => nodeFileSystem.sync(file)),
      symlink: (...given) => step(() => nodeFileSystem.symlink(...given)),
      rename: (...given) => step(() => nodeFileSystem.rename(...given)),
    };
    return { fileSystem, steps: () => steps };
  }

  async function stepsOfOneWrite(): Promise<number> {
    const counter = failingAt(-1, 'EIO');
    const destination = await DirectoryDestination.open(path, counter);
    await destination.write(OLD);
    await rm(path, { recursive: true });
    return counter.steps();
  }

  test.each(['ENOSPC', 'EROFS', 'EIO'])('with %s leaves the old set or the new one, and no rubbish', async (errno) => {
    const count = await stepsOfOneWrite();
    expect(count).toBeGreaterThan(12);
    let failures = 0;
    for (let failing = 0; failing < count + 8; failing++) {
      await rm(path, { recursive: true, force: true });
      await (await DirectoryDestination.open(path)).write(OLD);
      const { fileSystem } = failingAt(failing, errno);
      const outcome = await DirectoryDestination.open(path, { fileSystem })
        .then((destination) => destination.write(NEW))
        .then(
          () => 'written',
          (error: TeleportError) => error,
        );
      await DirectoryDestination.open(path);
      const found = await setOnDisk();
      if (outcome === 'written') {
        expect(found).toEqual(NEW);
        continue;
      }
      failures++;
      expect([OLD, NEW]).toContainEqual(found);
      expect([isTeleportError(outcome, 'unknown'), String(outcome)]).toEqual([true, expect.stringContaining(errno)]);
    }
    expect(failures).toBeGreaterThan(12);
  });

  test('a full disk is told as such', async () => {
    const count = await stepsOfOneWrite();
    await (await DirectoryDestination.open(path)).write(OLD);
    const messages = new Set<string>();
    for (let failing = 0; failing < count; failing++) {
      const destination = await DirectoryDestination.open(path)
        .then(() => DirectoryDestination.open(path, failingAt(failing, 'ENOSPC')))
        .catch((error: TeleportError) => error);
      if (isTeleportError(destination)) continue;
      await (destination as DirectoryDestination)
        .write(NEW)
        .catch((error: TeleportError) => messages.add(error.message));
      await (await DirectoryDestination.open(path)).write(OLD);
    }
    expect([...messages]).toEqual([`cannot use ${path}: the disk is full (ENOSPC)`]);
  });
});

test('rubbish under the name of the commit record does not stop later writes', async () => {
  const destination = await DirectoryDestination.open(path);
  for (const rubbish of [
    '',
    '{',
    '[]',
    '{"transaction":"../x","names":["key"]}',
    '{"transaction":"1-0123456789ab","names":["../../x"]}',
  ]) {
    await writeFile(join(path, '.commit.json'), rubbish);
    await destination.write(OLD);
    expect(await setOnDisk()).toEqual(OLD);
    await destination.write(NEW);
  }
});

test('temporary files of a living process are left to it', async () => {
  const destination = await DirectoryDestination.open(path);
  const living = `.key.${process.ppid}-0123456789ab.tmp`;
  const dead = '.key.999999999-0123456789ab.tmp';
  await writeFile(join(path, living), 'x');
  await writeFile(join(path, dead), 'x');
  await destination.write(OLD);
  expect(Object.keys(await setOnDisk())).toEqual([living, 'ca', 'key', 'tlscert']);
});

describe('what opening has made goes away again when nothing came of it', () => {
  test('with the folders above it', async () => {
    const destination = await DirectoryDestination.open(join(path, 'a', 'b'));
    await destination.discard();
    await destination.discard();
    expect(await readdir(root)).toEqual([]);
  });

  test('but not what was there, nor what somebody has put there since', async () => {
    await (await DirectoryDestination.open(root)).discard();
    const destination = await DirectoryDestination.open(join(path, 'a', 'b'));
    await writeFile(join(path, 'other'), '');
    await destination.discard();
    expect(await readdir(path)).toEqual(['other']);
  });

  test('a set that was written stays', async () => {
    const destination = await DirectoryDestination.open(path);
    await destination.write(OLD);
    await destination.discard();
    expect(await setOnDisk()).toEqual(OLD);
  });
});

test.runIf(process.platform === 'linux')(
  'a place where nothing can be made is told, and not tried for ever',
  async () => {
    const error = await failureOf(DirectoryDestination.open('/proc/nothing/here'));
    expect([error.code, error.message]).toEqual(['unknown', expect.stringContaining('/proc/nothing/here')]);
  },
);
