import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { asOnlyWriter, commitFiles, directoriesOf, finishCommit, readRegular, recover } from './commit.ts';
import type { Destination, DestinationLock, FileSet, WriteResult } from './destination.ts';
import type { FileLocker } from './file-lock.ts';
import { checkFileNames } from './file-name.ts';
import { errnoOf, type FileSystem, nodeFileSystem, orMissing } from './file-system.ts';

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
  /** The topmost directory that was not there before. */
  #made: string | undefined;

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
    return this.#inOrder(async () => {
      for (const below of directoriesOf([name])) await this.#checkBelow(join(this.path, below));
      return await readRegular(this.#fs, join(this.path, name));
    });
  }

  async write(files: FileSet): Promise<WriteResult> {
    checkFileNames(Object.keys(files));
    const contents = new Map(
      Object.entries(files).map(([name, content]) => [name, content === null ? null : Buffer.from(content as string)]),
    );
    return this.#inOrder(() => this.#commit(contents));
  }

  async lock(): Promise<DestinationLock> {
    return this.#inOrder(async () => this.#locker(join(this.path, 'lock')));
  }

  /**
   * Finds out without a write whether one is refused for certain; a full disk shows only later.
   *
   * @throws TeleportError `unknown` (no right, read-only)
   */
  async checkWritable(): Promise<void> {
    await this.#inOrder(() => this.#fs.checkWritable(this.path));
  }

  /** Takes back the directories that opening made, as far as nothing is in them. For who has nothing to write after all. */
  async discard(): Promise<void> {
    await this.#inOrder(async () => {
      const made = this.#made;
      this.#made = undefined;
      for (let path = this.path; made !== undefined && path.startsWith(made); path = dirname(path)) {
        // Somebody else uses it by now, and so all that is above it.
        if (!(await this.#fs.removeDirectory(path).then(always, never))) return;
      }
    });
  }

  async close(): Promise<void> {
    await this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Makes the directory, or finishes what was left unfinished in it. */
  async #prepare(): Promise<void> {
    const stat = await orMissing(this.#fs.lstat(this.path));
    if (!stat) {
      this.#made = (await this.#fs.makeDirectory(this.path)) ?? this.#made;
      return;
    }
    if (stat.isSymbolicLink()) throw unfit(this.path, 'is a symbolic link, and links are not followed');
    if (!stat.isDirectory()) throw unfit(this.path, 'is not a directory');
    await recover(this.#fs, this.path, await this.#fs.list(this.path));
  }

  async #commit(contents: Contents): Promise<WriteResult> {
    await this.#prepare();
    for (const below of directoriesOf([...contents.keys()])) {
      const path = join(this.path, below);
      if (!(await this.#checkBelow(path))) await this.#fs.makeDirectory(path);
    }
    const seen = await this.#compare(contents);
    // Nothing to write takes no lock either: those who watch the directory see nothing.
    if (seen.size === contents.size) return { written: [], unchanged: filesIn(contents, seen) };
    return await asOnlyWriter(this.#fs, this.path, async (transaction) => {
      await finishCommit(this.#fs, this.path);
      const same = (await this.#stillSame(seen)) ? seen : await this.#compare(contents);
      const changed = new Map([...contents].filter(([name]) => !same.has(name)));
      if (changed.size > 0) await commitFiles(this.#fs, this.path, transaction, changed);
      return { written: filesIn(contents, changed), unchanged: filesIn(contents, same) };
    });
  }

  /** Is that directory there? */
  async #checkBelow(path: string): Promise<boolean> {
    const stat = await orMissing(this.#fs.lstat(path));
    if (stat?.isSymbolicLink()) throw unfit(path, 'is a symbolic link, and links are not followed');
    if (stat && !stat.isDirectory()) throw unfit(path, 'is not a directory');
    return stat !== undefined;
  }

  /** The files that are as they shall be: with just that content and nobody else let in, or not there; with their state. */
  async #compare(contents: Contents): Promise<Map<string, Stats | undefined>> {
    const stats = await Promise.all(
      [...contents].map(async ([name, bytes]) => {
        const path = join(this.path, name);
        const stat = await orMissing(this.#fs.lstat(path));
        if (!stat) return bytes === null ? [[name, stat] as const] : [];
        if (stat.isSymbolicLink()) throw unfit(path, 'is a symbolic link, and links are not followed');
        if (!stat.isFile()) throw unfit(path, 'is not a regular file');
        if (bytes === null || stat.size !== bytes.length || (stat.mode & 0o777) !== 0o600) return [];
        const same = (await readRegular(this.#fs, path))?.equals(bytes) === true;
        return same ? [[name, stat] as const] : [];
      }),
    );
    return new Map(stats.flat());
  }

  /** Has no other writer been here since? Every write makes a new file. */
  async #stillSame(seen: ReadonlyMap<string, Stats | undefined>): Promise<boolean> {
    const same = await Promise.all(
      [...seen].map(async ([name, before]) => {
        const now = await orMissing(this.#fs.lstat(join(this.path, name)));
        return now?.ino === before?.ino && now?.ctimeMs === before?.ctimeMs;
      }),
    );
    return same.every(Boolean);
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

/** Names to contents, null for what shall be gone. */
type Contents = ReadonlyMap<string, Buffer | null>;

function filesIn(contents: Contents, names: ReadonlyMap<string, unknown>): string[] {
  return [...names.keys()].filter((name) => contents.get(name) !== null);
}

/** Loaded when it is needed: a program that only writes never locks. */
const pidFileLocker: FileLocker = async (path) => (await import('./file-lock.ts')).pidFileLocker(path);

const always = (): boolean => true;
const never = (): boolean => false;

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
