import { constants } from 'node:fs';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';
import type { DestinationLock } from './destination.ts';
import { isRunning } from './running-process.ts';

/**
 * Takes an exclusive lock on a file, without waiting; `path` is the file `lock` in a directory that exists.
 *
 * A program that can call flock(2) passes a locker of its own: that is the lock that Go's tbot takes on the same file,
 * and the kernel ends it with the process.
 *
 * @throws TeleportError `already_exists` when another process holds it.
 */
export type FileLocker = (path: string) => Promise<DestinationLock>;

/**
 * The locker for where flock(2) cannot be called: an exclusive file `lock.pid` beside `lock` with the number of the
 * process. One that its process left behind is taken over.
 */
export const pidFileLocker: FileLocker = async (path) => {
  const pidPath = `${path}.pid`;
  const own = `${pidPath}.${process.pid}`;
  await writeExclusive(own, `${process.pid}\n`);
  try {
    if (!(await tryLink(own, pidPath))) {
      const holder = Number.parseInt(await readFile(pidPath, 'utf8').catch(() => ''), 10);
      // A restarted container often has the number of its predecessor: what this process does not hold is a leftover.
      const alive = holder === process.pid ? heldHere.has(pidPath) : holder > 0 && isRunning(holder);
      if (alive) throw busy(path, holder);
      await unlink(pidPath).catch(ignoreMissing);
      if (!(await tryLink(own, pidPath))) throw busy(path);
    }
  } finally {
    await unlink(own).catch(ignoreMissing);
  }
  heldHere.add(pidPath);
  return {
    [Symbol.asyncDispose]: async () => {
      if (heldHere.delete(pidPath)) await unlink(pidPath).catch(ignoreMissing);
    },
  };
};

const heldHere = new Set<string>();

async function writeExclusive(path: string, text: string): Promise<void> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    0o600,
  );
  await file.writeFile(text);
  await file.close();
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function busy(path: string, pid?: number): TeleportError {
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new TeleportError('already_exists', `${path} is held by ${who}`, {
    hint: 'is another tbot running on this directory?',
  });
}
