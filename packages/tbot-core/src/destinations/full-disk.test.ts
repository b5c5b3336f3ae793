import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTeleportError } from '@teleport-ts/api-types';
import { afterAll, expect, test } from 'vitest';
import { DirectoryDestination } from './directory.ts';

// A real file system that is full, and one that is read-only: needs the right to mount.

const mountPoint = mkdtempSync(join(tmpdir(), 'tbot-full-'));
const mounted = mount('-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', mountPoint);
if (!mounted) console.info('skipped: full and read-only file systems, since this user may not mount a tmpfs');

afterAll(() => {
  if (mounted) execFileSync('umount', [mountPoint]);
  rmSync(mountPoint, { recursive: true });
});

function mount(...given: string[]): boolean {
  try {
    execFileSync('mount', given, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const OLD = { key: 'old', tlscert: 'old', identity: 'old' };

async function expectOldSet(destination: DirectoryDestination): Promise<void> {
  for (const [name, content] of Object.entries(OLD)) expect(String(await destination.read(name))).toBe(content);
  expect((await readdir(destination.path)).sort()).toEqual(Object.keys(OLD).sort());
}

test.skipIf(!mounted)('a full disk leaves the old set whole, and room for the next try', async () => {
  const destination = await DirectoryDestination.open(join(mountPoint, 'set'));
  await destination.write(OLD);
  const tooMuch = { key: 'new', tlscert: 'x'.repeat(40_000), identity: 'y'.repeat(40_000) };
  await expect(destination.write(tooMuch)).rejects.toSatisfy(
    (error) =>
      isTeleportError(error, 'unknown') &&
      error.message === `cannot use ${destination.path}: the disk is full (ENOSPC)`,
  );
  await expectOldSet(destination);
  await destination.write({ ...OLD, key: 'new' });
  expect(String(await destination.read('key'))).toBe('new');
  await destination.write(OLD);
});

test.skipIf(!mounted)('so does a read-only file system, which can still be read', async () => {
  const destination = await DirectoryDestination.open(join(mountPoint, 'set'));
  await destination.write(OLD);
  expect(mount('-o', 'remount,ro', mountPoint)).toBe(true);
  try {
    await expect(destination.write({ ...OLD, key: 'new' })).rejects.toSatisfy(
      (error) => isTeleportError(error) && error.message.endsWith('the file system is read-only (EROFS)'),
    );
    await expectOldSet(destination);
    expect(await destination.write(OLD)).toEqual({ written: [], unchanged: Object.keys(OLD) });
    await expectOldSet(await DirectoryDestination.open(destination.path));
  } finally {
    mount('-o', 'remount,rw', mountPoint);
  }
});
