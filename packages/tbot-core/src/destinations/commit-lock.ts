import { join } from 'node:path';
import { COMMIT_LOCK } from './file-name.ts';
import { errnoOf, type FileSystem, orMissing, unlessMissing } from './file-system.ts';
import { isUnderWay } from './transaction.ts';

// One writer at a time: a symbolic link that points nowhere and is named after the transaction. Made in one step, with its
// content, or not at all. A link that its process left behind is removed by whoever comes next.

/** How long a living writer is waited for; milliseconds. One that takes longer is stopped, or not ours at all. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;

/** File systems without symbolic links have no access rights to speak of either: there a writer goes without. */
const UNSUPPORTED: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'ENOSYS'];

export async function acquireCommitLock(fs: FileSystem, directory: string, transaction: string): Promise<void> {
  const path = join(directory, COMMIT_LOCK);
  for (let waitedMs = 0; ; ) {
    try {
      await fs.symlink(transaction, path);
      return;
    } catch (error) {
      if (UNSUPPORTED.includes(errnoOf(error))) return;
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const holder = await lockHolder(fs, directory);
    if (holder !== undefined && isUnderWay(holder) && waitedMs < PATIENCE_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      waitedMs += POLL_MS;
    } else if ((await lockHolder(fs, directory)) === holder) {
      await unlessMissing(fs.unlink(path));
    }
  }
}

export async function releaseCommitLock(fs: FileSystem, directory: string, transaction: string): Promise<void> {
  if ((await lockHolder(fs, directory)) === transaction) await unlessMissing(fs.unlink(join(directory, COMMIT_LOCK)));
}

/** Removes a lock whose process is gone. */
export async function removeStaleLock(fs: FileSystem, directory: string): Promise<void> {
  const holder = await lockHolder(fs, directory);
  if (holder !== undefined && !isUnderWay(holder)) await unlessMissing(fs.unlink(join(directory, COMMIT_LOCK)));
}

/** The transaction that holds the lock; the empty string for something that is no lock of ours. */
async function lockHolder(fs: FileSystem, directory: string): Promise<string | undefined> {
  try {
    return await orMissing(fs.readlink(join(directory, COMMIT_LOCK)));
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return '';
    throw error;
  }
}
