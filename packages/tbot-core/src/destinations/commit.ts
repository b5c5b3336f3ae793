import { constants } from 'node:fs';
import { join } from 'node:path';
import { COMMIT_RECORD, isPlainName } from './file-name.ts';
import { errnoOf, type FileSystem, unlessMissing } from './file-system.ts';
import { isUnderWay, temporaryName, transactionOf } from './transaction.ts';

// How a set reaches the disk:
//   1. every file into a temporary file of its own, all flushed in parallel
//   2. a record that names them, flushed and linked to its fixed name: from here on the set counts as written
//   3. each temporary file renamed into place, the directory flushed, the record removed
// Whoever opens the directory next finishes step 3 of a record it finds, and removes temporary files that no record
// names. As the record's name can be linked once only, two writers cannot be in step 3 together.

interface CommitRecord {
  readonly transaction: string;
  readonly names: readonly string[];
}

/** How long another process' commit may take before it is finished for it; milliseconds. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;

/** Writes and flushes one temporary file, 0600; fails when the name is taken. */
export async function writeTemporary(fs: FileSystem, path: string, content: Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await fs.open(path, flags, 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Content of a regular file; undefined when there is none. Fails with ELOOP on a symbolic link. */
export async function readRegular(fs: FileSystem, path: string): Promise<Buffer | undefined> {
  try {
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    const file = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Does a file hold just that content, with nobody else let in? */
export async function isPrivateCopy(fs: FileSystem, path: string, content: Buffer): Promise<boolean> {
  const file = await readRegular(fs, path);
  return file?.equals(content) === true && ((await fs.lstat(path)).mode & 0o777) === 0o600;
}

/** Flushes the names in a directory. */
export async function flushDirectory(fs: FileSystem, path: string): Promise<void> {
  const directory = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Step 2. False when another commit has not ended yet: finish that one, then try again. */
export async function publishRecord(fs: FileSystem, directory: string, record: CommitRecord): Promise<boolean> {
  const temporary = join(directory, temporaryName('commit', record.transaction));
  const path = join(directory, COMMIT_RECORD);
  await writeTemporary(fs, temporary, Buffer.from(JSON.stringify(record)));
  try {
    await fs.link(temporary, path);
  } catch (error) {
    await unlessMissing(fs.unlink(temporary));
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await unlessMissing(fs.unlink(temporary));
    await flushDirectory(fs, directory);
  } catch (error) {
    await unlessMissing(fs.unlink(path));
    throw error;
  }
  return true;
}

/** Step 3. Can be done again, and by several at once: what is gone has been renamed already. */
export async function rollForward(fs: FileSystem, directory: string, record: CommitRecord): Promise<void> {
  for (const name of record.names) await settle(fs, directory, name, record.transaction);
  await flushDirectory(fs, directory);
  const current = await readRecord(fs, directory);
  if (current?.transaction === record.transaction) await unlessMissing(fs.unlink(join(directory, COMMIT_RECORD)));
}

/** A file that already holds its new content stays untouched, for those who watch it. */
async function settle(fs: FileSystem, directory: string, name: string, transaction: string): Promise<void> {
  const from = join(directory, temporaryName(name, transaction));
  const to = join(directory, name);
  const next = await readRegular(fs, from);
  if (!next) return;
  await unlessMissing((await isPrivateCopy(fs, to, next)) ? fs.unlink(from) : fs.rename(from, to));
}

/** Brings a directory to the end of what was begun in it: after this the set in it is whole. */
export async function recover(fs: FileSystem, directory: string): Promise<void> {
  const record = await unfinishedCommit(fs, directory);
  if (record) await rollForward(fs, directory, record);
  for (const entry of await fs.readdir(directory)) {
    const transaction = transactionOf(entry);
    if (transaction && !isUnderWay(transaction)) await unlessMissing(fs.unlink(join(directory, entry)));
  }
}

/** The record of a commit that its writer will not finish. Gives a living writer time to do so. */
async function unfinishedCommit(fs: FileSystem, directory: string): Promise<CommitRecord | undefined> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const record = await readRecord(fs, directory);
    if (!record || !isUnderWay(record.transaction) || waitedMs >= PATIENCE_MS) return record;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function readRecord(fs: FileSystem, directory: string): Promise<CommitRecord | undefined> {
  const path = join(directory, COMMIT_RECORD);
  const text = await readRegular(fs, path);
  if (text === undefined) return undefined;
  const record = parseRecord(String(text));
  // Linked only when whole: anything else is not ours, and must not stop every later write.
  if (!record) await unlessMissing(fs.unlink(path));
  return record;
}

function parseRecord(text: string): CommitRecord | undefined {
  try {
    const { transaction, names } = JSON.parse(text) as Partial<CommitRecord>;
    const sound = typeof transaction === 'string' && transactionOf(temporaryName('x', transaction)) === transaction;
    if (!sound || !Array.isArray(names)) return undefined;
    return names.every((name) => typeof name === 'string' && isPlainName(name)) ? { transaction, names } : undefined;
  } catch {
    return undefined;
  }
}
