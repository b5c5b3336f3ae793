import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants, existsSync } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { applySocketAccess, type SocketAccess } from './socket-access.ts';
import { cannot, checkFolder, checkSocketPath, whatIsInTheWay } from './socket-path.ts';

/** A socket file that is ours as long as its device and inode say so. */
export interface SocketFile {
  readonly path: string;
  /** Whether the file under this name is still the one that was made. */
  isOurs(): Promise<boolean>;
  /** Removes the file, unless another one stands in its place by now. */
  remove(): Promise<void>;
}

/**
 * Listens on a unix socket that is never more open than it shall be: it is made with mode 0600 under a private name,
 * gets its mode, owner and ACL there, and only then its own name. A dead socket under that name is replaced; all else in
 * the way is refused and left alone.
 *
 * @param server without a listener yet; its connections may come as soon as this resolves
 */
export async function listenOnSocketFile(server: Server, path: string, access: SocketAccess): Promise<SocketFile> {
  await checkSocketPath(path);
  const folderPath = dirname(path);
  await mkdir(folderPath, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw cannot('make the folder of the socket', folderPath, cause);
  });
  await checkFolder(folderPath);
  const folder = await open(folderPath, constants.O_RDONLY | constants.O_DIRECTORY).catch((cause: unknown) => {
    throw cannot('open the folder of the socket', folderPath, cause);
  });
  try {
    const temporary = `.${randomBytes(6).toString('hex')}.sock`;
    await listenPrivately(server, bindPath(folder, folderPath, temporary)).catch((cause: unknown) => {
      throw cannot('make a socket in', folderPath, cause);
    });
    const temporaryPath = join(folderPath, temporary);
    try {
      await applySocketAccess(temporaryPath, access);
      const ours = await lstat(temporaryPath, { bigint: true });
      await publish(temporaryPath, path);
      return { path, isOurs: () => isSame(path, ours), remove: () => removeIfSame(path, ours) };
    } catch (error) {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await unlink(temporaryPath).catch(() => {});
      throw error;
    }
  } finally {
    await folder.close();
  }
}

/**
 * libuv unlinks the path that it was bound to when the server closes, whoever's file stands there then. The private name
 * takes care of that too: it is gone by then, and nobody else uses it. Through /proc it may be longer than 107 bytes.
 */
function bindPath(folder: FileHandle, folderPath: string, name: string): string {
  const byDescriptor = `/proc/self/fd/${folder.fd}`;
  return join(existsSync(byDescriptor) ? byDescriptor : folderPath, name);
}

/** Bind happens inside `listen`, so the umask is tight for no other code of this thread. */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      server.listen({ path, backlog: 511 }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Gives the socket its name, which no one else may hold: link fails where rename would replace. */
async function publish(temporaryPath: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const dead = await whatIsInTheWay(path);
    if (dead) await moveAway(path, dead);
    try {
      await link(temporaryPath, path);
      await unlink(temporaryPath);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cannot('make the socket', path, cause);
    }
  }
  throw new TeleportError('already_exists', `the socket ${path} is being taken by another process`);
}

/** Renames before it removes, so that a socket which took the dead one's place in between is seen and put back. */
async function moveAway(path: string, dead: BigIntStats): Promise<void> {
  const aside = join(dirname(path), `.${randomBytes(6).toString('hex')}.dead`);
  try {
    await rename(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw cannot('replace the dead socket', path, cause);
  }
  const moved = await lstat(aside, { bigint: true });
  if (!sameFile(moved, dead)) await link(aside, path).catch(() => {});
  await unlink(aside);
}

async function removeIfSame(path: string, ours: BigIntStats): Promise<void> {
  if (await isSame(path, ours)) await unlink(path).catch(() => {});
}

async function isSame(path: string, ours: BigIntStats): Promise<boolean> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found !== undefined && sameFile(found, ours);
}

/** An inode number is given out again soon; its birth time is not. */
function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs;
}
