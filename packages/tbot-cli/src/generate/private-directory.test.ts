import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { privateDirectory } from './private-directory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'private-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isInMemory = existsSync('/dev/shm');
if (!isInMemory) console.log('the choice of a place in memory is not tested: there is no /dev/shm');

test('it is for its owner alone, and goes with all that is in it', async () => {
  const directory = await privateDirectory({});
  expect(statSync(directory.path).mode & 0o777).toBe(0o700);
  mkdirSync(join(directory.path, 'below'));
  writeFileSync(join(directory.path, 'below', 'key'), 'secret');
  await directory[Symbol.asyncDispose]();
  expect(existsSync(directory.path)).toBe(false);
  await directory[Symbol.asyncDispose]();
});

test.skipIf(!isInMemory)('it is in memory: where the session has its place, else /dev/shm', async () => {
  await using mine = await privateDirectory({ XDG_RUNTIME_DIR: folder });
  expect(dirname(mine.path)).toBe(folder);
  await using shared = await privateDirectory({});
  expect(dirname(shared.path)).toBe('/dev/shm');
});

test.skipIf(!isInMemory)('a place where others may take away what is not theirs is none', async () => {
  chmodSync(folder, 0o777);
  await using open = await privateDirectory({ XDG_RUNTIME_DIR: folder });
  expect(dirname(open.path)).not.toBe(folder);
  await using relative = await privateDirectory({ XDG_RUNTIME_DIR: 'run' });
  expect(dirname(relative.path)).toBe('/dev/shm');
  await using nowhere = await privateDirectory({ XDG_RUNTIME_DIR: join(folder, 'nosuch') });
  expect(dirname(nowhere.path)).toBe('/dev/shm');
});
