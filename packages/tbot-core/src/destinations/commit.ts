import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { acquireCommitLock, releaseCommitLock, removeStaleLock } from './commit-lock.ts';
import { COMMIT_LOCK, COMMIT_RECORD, isFileName } from './file-name.ts';
import { type FileSystem, orMissing, unlessMissing } from './file-system.ts';
import { beginTransaction, endTransaction, isUnderWay, temporaryName, transactionOf } from './transaction.ts';

// How a set reaches the disk, by one writer at a time:
//   1. every changed file into a temporary file of its own, all flushed in parallel
//   2. a record that names them, flushed and renamed to its fixed name: from here on the set counts as written
//   3. each temporary file renamed into place, what shall be gone unlinked, the directories flushed, the record removed
// Whoever opens the directory next finishes step 3 of a record it finds, and removes temporary files that no record
// names.

interface CommitRecord {
  readonly transaction: string;
  readonly names: readonly string[];
  /** What shall be gone. */
  readonly removed?: readonly string[];
}

/** Runs a step as the only writer of a directory. */
export async function asOnlyWriter<T>(
  fs: FileSystem,
  directory: string,
  step: (transaction: string) => Promise<T>,
): Promise<T> {
  const transaction = beginTransaction();
  try {
    await acquireCommitLock(fs, directory, transaction);
    try {
      return await step(transaction);
    } finally {
      await releaseCommitLock(fs, directory, transaction);
    }
  } finally {
    endTransaction(transaction);
  }
}

/** Writes files of one set and removes those without content, as the only writer. Their directories are there. */
export async function commitFiles(
  fs: FileSystem,
  directory: string,
  transaction: string,
  files: ReadonlyMap<string, Buffer | null>,
): Promise<void> {
  const temporary = (name: string): string => join(directory, temporaryName(name, transaction));
  const contents = [...files].filter((file): file is [string, Buffer] => file[1] !== null);
  const names = contents.map(([name]) => name);
  const removed = [...files.keys()].filter((name) => files.get(name) === null);
  const record: CommitRecord = { transaction, names, ...(removed.length > 0 ? { removed } : {}) };
  try {
    await allSettled(contents.map(([name, content]) => writeTemporary(fs, temporary(name), content)));
    await writeTemporary(fs, temporary(COMMIT_RECORD), Buffer.from(JSON.stringify(record)));
    await fs.rename(temporary(COMMIT_RECORD), join(directory, COMMIT_RECORD));
  } catch (error) {
    await Promise.allSettled([COMMIT_RECORD, ...names].map((name) => fs.unlink(temporary(name))));
    throw error;
  }
  await rollForward(fs, directory, record);
}

/** Brings a directory to the end of what was begun in it; after this the set in it is whole. */
export async function recover(fs: FileSystem, directory: string, entries: readonly string[]): Promise<void> {
  if (entries.includes(COMMIT_RECORD)) await asOnlyWriter(fs, directory, () => finishCommit(fs, directory));
  else if (entries.includes(COMMIT_LOCK)) await removeStaleLock(fs, directory);
  for (const entry of entries) {
    const transaction = transactionOf(entry);
    if (transaction && !isUnderWay(transaction)) await unlessMissing(fs.unlink(join(directory, entry)));
  }
}

/** Finishes the commit whose record lies there, as the only writer. */
export async function finishCommit(fs: FileSystem, directory: string): Promise<void> {
  const path = join(directory, COMMIT_RECORD);
  const text = await readRegular(fs, path);
  if (!text) return;
  const record = parseRecord(String(text));
  if (record) await rollForward(fs, directory, record);
  // Renamed to its name only when whole: anything else is not ours, and must not stop every later write.
  else await unlessMissing(fs.unlink(path));
}

/** Step 3. May be done again: what is gone has been renamed already. */
async function rollForward(fs: FileSystem, directory: string, record: CommitRecord): Promise<void> {
  const { transaction, names, removed = [] } = record;
  const handle = await fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await fs.sync(handle);
    for (const name of names) {
      await unlessMissing(fs.rename(join(directory, temporaryName(name, transaction)), join(directory, name)));
    }
    for (const name of removed) await unlessMissing(fs.unlink(join(directory, name)));
    for (const below of directoriesOf([...names, ...removed])) await syncDirectory(fs, join(directory, below));
    await fs.sync(handle);
    await unlessMissing(fs.unlink(join(directory, COMMIT_RECORD)));
  } finally {
    await fs.close(handle);
  }
}

/** The directories of a set, each once. */
export function directoriesOf(names: readonly string[]): Set<string> {
  return new Set(names.map((name) => dirname(name)).filter((directory) => directory !== '.'));
}

async function syncDirectory(fs: FileSystem, path: string): Promise<void> {
  const handle = await orMissing(fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
  if (handle === undefined) return;
  try {
    await fs.sync(handle);
  } finally {
    await fs.close(handle);
  }
}

/** Writes and flushes one temporary file, 0600; fails when the name is taken. */
async function writeTemporary(fs: FileSystem, path: string, content: Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await fs.open(path, flags, 0o600);
  try {
    await fs.write(file, content);
    await fs.sync(file);
  } finally {
    await fs.close(file);
  }
}

/** Content of a file; undefined when there is none. Fails with ELOOP on a symbolic link. */
export async function readRegular(fs: FileSystem, path: string): Promise<Buffer | undefined> {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await orMissing(fs.open(path, flags));
  if (file === undefined) return undefined;
  try {
    return await fs.read(file);
  } finally {
    await fs.close(file);
  }
}

/** Waits for all before it fails, so that nothing is still being written when the temporary files are removed. */
async function allSettled(steps: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) if (outcome.status === 'rejected') throw outcome.reason;
}

function parseRecord(text: string): CommitRecord | undefined {
  try {
    const { transaction, names, removed = [] } = JSON.parse(text) as Partial<CommitRecord>;
    const sound = typeof transaction === 'string' && transactionOf(temporaryName('x', transaction)) === transaction;
    if (!sound || !Array.isArray(names) || !Array.isArray(removed)) return undefined;
    const areNames = [...names, ...removed].every((name) => typeof name === 'string' && isFileName(name));
    return areNames ? { transaction, names, removed } : undefined;
  } catch {
    return undefined;
  }
}
