import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { isPrivateCopy, publishRecord, readRegular, recover, rollForward, writeTemporary } from './commit.ts';
import type { Destination, DestinationLock, FileSet, WriteResult } from './destination.ts';
import { type FileLocker, pidFileLocker } from './file-lock.ts';
import { checkFileNames } from './file-name.ts';
import { errnoOf, type FileSystem, nodeFileSystem } from './file-system.ts';
import { beginTransaction, endTransaction, temporaryName } from './transaction.ts';

export interface DirectoryOptions {
  /** How {@link Destination.lock} locks the file `lock`. Default: an exclusive pid file beside it. */
  readonly locker?: FileLocker;
  /** Default: the real one. */
  readonly fileSystem?: FileSystem;
}

/**
 * A directory of plain files, as Go's tbot writes them: files 0600, directories that it makes 0700.
 *
 * A set is committed as a whole (`commit.ts` says how): after a crash at any moment the next open gives the old set or
 * the new one. Files are flushed before they count. No symbolic link is followed, neither for the directory itself nor
 * for a file in it. Several processes may write to one directory; the last set wins, whole.
 *
 * @example
 * const destination = await DirectoryDestination.open('/opt/machine-id/app');
 */
export class DirectoryDestination implements Destination {
  readonly uri: string;
  readonly persistent = true;
  readonly path: string;
  readonly #fs: FileSystem;
  readonly #locker: FileLocker;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, options: DirectoryOptions) {
    this.path = path;
    this.uri = `file://${path}`;
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#locker = options.locker ?? pidFileLocker;
  }

  /**
   * Opens a directory, making it and its parents when they are missing, and finishes what a crashed writer left.
   *
   * @throws TeleportError `bad_parameter` when the path is a symbolic link or no directory; `unknown` when the system
   * refuses.
   */
  static async open(path: string, options: DirectoryOptions = {}): Promise<DirectoryDestination> {
    const destination = new DirectoryDestination(path, options);
    await destination.#inOrder(() => destination.#prepare());
    return destination;
  }

  async read(name: string): Promise<Buffer | undefined> {
    checkFileNames([name]);
    return this.#inOrder(() => readRegular(this.#fs, join(this.path, name)));
  }

  async write(files: FileSet): Promise<WriteResult> {
    checkFileNames(Object.keys(files));
    const contents = new Map(
      Object.entries(files).map(([name, content]) => [name, Buffer.from(content as Uint8Array)]),
    );
    return this.#inOrder(() => this.#commit(contents));
  }

  async lock(): Promise<DestinationLock> {
    return this.#inOrder(async () => this.#locker(join(this.path, 'lock')));
  }

  async close(): Promise<void> {
    await this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #prepare(): Promise<void> {
    const stat = await this.#statOf(this.path);
    if (!stat) {
      await this.#fs.mkdir(this.path, { recursive: true, mode: 0o700 });
      return;
    }
    if (stat.isSymbolicLink()) throw unfit(this.path, 'is a symbolic link, and links are not followed');
    if (!stat.isDirectory()) throw unfit(this.path, 'is not a directory');
    await recover(this.#fs, this.path);
  }

  async #commit(contents: ReadonlyMap<string, Buffer>): Promise<WriteResult> {
    await this.#prepare();
    const written = await this.#changed(contents);
    const unchanged = [...contents.keys()].filter((name) => !written.includes(name));
    if (written.length === 0) return { written, unchanged };
    const transaction = beginTransaction();
    try {
      await this.#writeSet(contents, transaction);
    } finally {
      endTransaction(transaction);
    }
    return { written, unchanged };
  }

  /** All of the set goes through the commit, also what is equal now: another writer may change it before our record. */
  async #writeSet(contents: ReadonlyMap<string, Buffer>, transaction: string): Promise<void> {
    const record = { transaction, names: [...contents.keys()] };
    try {
      await allSettled(
        [...contents].map(([name, bytes]) => writeTemporary(this.#fs, this.#temporary(name, transaction), bytes)),
      );
      while (!(await publishRecord(this.#fs, this.path, record))) await recover(this.#fs, this.path);
    } catch (error) {
      await Promise.allSettled(record.names.map((name) => this.#fs.unlink(this.#temporary(name, transaction))));
      throw error;
    }
    await rollForward(this.#fs, this.path, record);
  }

  async #changed(contents: ReadonlyMap<string, Buffer>): Promise<string[]> {
    const same = await Promise.all(
      [...contents].map(async ([name, bytes]) => {
        const stat = await this.#statOf(join(this.path, name));
        if (stat?.isSymbolicLink())
          throw unfit(join(this.path, name), 'is a symbolic link, and links are not followed');
        if (stat && !stat.isFile()) throw unfit(join(this.path, name), 'is not a regular file');
        if (!stat || stat.size !== bytes.length) return false;
        return isPrivateCopy(this.#fs, join(this.path, name), bytes);
      }),
    );
    return [...contents.keys()].filter((_, index) => !same[index]);
  }

  async #statOf(path: string): Promise<Stats | undefined> {
    try {
      return await this.#fs.lstat(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #temporary(name: string, transaction: string): string {
    return join(this.path, temporaryName(name, transaction));
  }

  /** One after the other within this object, with the system's refusals put into words. */
  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const run = this.#last.then(step).catch((error: unknown) => {
      throw refused(this.path, error);
    });
    this.#last = run.catch(() => {});
    return run;
  }
}

/** Waits for all before it fails, so that nothing is still being written when the caller cleans up. */
async function allSettled(steps: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) if (outcome.status === 'rejected') throw outcome.reason;
}

function unfit(path: string, why: string): TeleportError {
  return new TeleportError('bad_parameter', `${path} ${why}`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file size limit is reached',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ELOOP: 'a symbolic link is in the way, and links are not followed',
  ENOTDIR: 'a part of the path is not a directory',
  ENAMETOOLONG: 'the path is too long',
};

function refused(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof TeleportError) return error;
  const reason = REASONS[errno] ?? (error as Error).message;
  return new TeleportError('unknown', `cannot use ${path}: ${reason} (${errno})`, { cause: error });
}
