import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { TeleportError } from '@teleport-ts/api-types';
import type { FileLocker } from '@teleport-ts/tbot-core';

const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = (fd: number, operation: number) => number;

/**
 * Locks by flock(2), the lock that Go's tbot takes on the same file, so that neither runs on the other's store. The
 * kernel ends it with the process. Undefined where the optional package `koffi` cannot be loaded.
 */
export function flockLocker(): FileLocker | undefined {
  let flock: Flock;
  let busyNumbers: number[];
  let errno: () => number;
  try {
    const koffi = createRequire(import.meta.url)('koffi');
    flock = koffi.load(null).func('int flock(int fd, int operation)');
    errno = () => koffi.errno();
    busyNumbers = [koffi.os.errno.EWOULDBLOCK, koffi.os.errno.EAGAIN];
  } catch {
    return undefined;
  }
  return async (path) => {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    if (flock(file.fd, LOCK_EX | LOCK_NB) !== 0) {
      const number = errno();
      await file.close();
      throw busyNumbers.includes(number)
        ? new TeleportError('already_exists', `another tbot is running with this store: ${path} is locked`, {
            hint: 'stop the other one, or give each bot a store of its own',
          })
        : new TeleportError('unknown', `cannot lock ${path} (errno ${number})`);
    }
    let held = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (held) await file.close();
        held = false;
      },
    };
  };
}
