import {
  access,
  close,
  constants,
  fsync,
  lstat,
  mkdir,
  type NoParamCallback,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rmdir,
  type Stats,
  symlink,
  unlink,
  writeFile,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * The steps of the file system that a directory destination takes; a test hands in ones that fail or stop. Files are
 * numbers here, since the objects of `fs/promises` cost a short program more than the files do.
 */
export interface FileSystem {
  open(path: string, flags: number, mode?: number): Promise<number>;
  read(file: number): Promise<Buffer>;
  write(file: number, content: Uint8Array): Promise<void>;
  sync(file: number): Promise<void>;
  close(file: number): Promise<void>;
  lstat(path: string): Promise<Stats>;
  /** With all that is missing above it, 0700; the topmost directory that was made, if any was. */
  makeDirectory(path: string): Promise<string | undefined>;
  /** Fails when it is not empty. */
  removeDirectory(path: string): Promise<void>;
  /** Fails as a write to this directory would, where that is known beforehand. */
  checkWritable(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  symlink(content: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
}

type Start<T> = (done: (error: NodeJS.ErrnoException | null, value: T) => void) => void;

function value<T>(start: Start<T>): Promise<T> {
  return new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));
}

function nothing(start: (done: NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => value((done) => open(path, flags, mode, done)),
  read: (file) => value((done) => readFile(file, done)),
  write: (file, content) => nothing((done) => writeFile(file, content, done)),
  sync: (file) => nothing((done) => fsync(file, done)),
  close: (file) => nothing((done) => close(file, done)),
  lstat: (path) => value((done) => lstat(path, done)),
  makeDirectory,
  removeDirectory: (path) => nothing((done) => rmdir(path, done)),
  checkWritable: (path) => nothing((done) => access(path, constants.W_OK | constants.X_OK, done)),
  list: (path) => value((done) => readdir(path, done)),
  rename: (from, to) => nothing((done) => rename(from, to, done)),
  unlink: (path) => nothing((done) => unlink(path, done)),
  symlink: (content, path) => nothing((done) => symlink(content, path, done)),
  readlink: (path) => value((done) => readlink(path, done)),
};

/** Not by `recursive`, which never returns where the system denies what is there, as below /proc. */
async function makeDirectory(path: string): Promise<string | undefined> {
  const make = (): Promise<void> => nothing((done) => mkdir(path, 0o700, done));
  try {
    await make();
    return path;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const made = await makeDirectory(dirname(path));
  await make().catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  return made ?? path;
}

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** For a step where another process may have been first: false when there is nothing to take it on. */
export async function unlessMissing(step: Promise<void>): Promise<boolean> {
  return (await orMissing(step.then(() => true))) ?? false;
}

/** Undefined where there is nothing of that name. */
export async function orMissing<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
