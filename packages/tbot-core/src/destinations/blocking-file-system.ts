import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileSystem, nodeFileSystem } from './file-system.ts';

function now<T>(step: () => T): Promise<T> {
  return new Promise((resolve) => resolve(step()));
}

/**
 * The steps of a {@link FileSystem} taken at once, for a command that has nothing else to do meanwhile: a file system
 * answers them in microseconds, and the way through a thread and back costs many times that. Flushing does wait for the
 * disk, and several files are flushed side by side, so that it stays on the threads.
 */
export const blockingFileSystem: FileSystem = {
  ...nodeFileSystem,
  open: (path, flags, mode) => now(() => openSync(path, flags, mode)),
  read: (file) => now(() => readFileSync(file)),
  write: (file, content) => now(() => writeFileSync(file, content)),
  close: (file) => now(() => closeSync(file)),
  lstat: (path) => now(() => lstatSync(path)),
  removeDirectory: (path) => now(() => rmdirSync(path)),
  checkWritable: (path) => now(() => accessSync(path, constants.W_OK | constants.X_OK)),
  list: (path) => now(() => readdirSync(path)),
  rename: (from, to) => now(() => renameSync(from, to)),
  unlink: (path) => now(() => unlinkSync(path)),
  symlink: (content, path) => now(() => symlinkSync(content, path)),
  readlink: (path) => now(() => readlinkSync(path)),
};
