import type { BigIntStats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';

/** Longest path of a unix socket on Linux: `sun_path` has 108 bytes and the last one is a zero. */
const MAX_PATH_BYTES = 107;
const WORLD_WRITABLE = 0o002n;
const STICKY = 0o1000n;

/**
 * Says early why a socket could not be made at this path: too long, an unsafe folder, something else in the way, another
 * process answering there. Changes nothing on disk.
 *
 * @throws TeleportError `bad_parameter`, or `already_exists` where something is in the way
 */
export async function checkSocketPath(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new TeleportError(
      'bad_parameter',
      `the socket path ${path} has ${bytes} bytes, ${MAX_PATH_BYTES} are possible`,
      {
        hint: 'choose a shorter folder, /run/tbot for example',
      },
    );
  }
  await checkFolder(dirname(path));
  await whatIsInTheWay(path);
}

/** The dead socket under this name, or undefined when there is nothing; throws for all that must stay. */
export async function whatIsInTheWay(path: string): Promise<BigIntStats | undefined> {
  let found: BigIntStats;
  try {
    found = await lstat(path, { bigint: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannot('look at', path, cause);
  }
  if (!found.isSocket()) {
    const what = found.isFile()
      ? 'a regular file'
      : found.isDirectory()
        ? 'a folder'
        : found.isSymbolicLink()
          ? 'a symbolic link'
          : 'not a socket';
    throw new TeleportError('already_exists', `${path} is in the way of the socket: it is ${what}`, {
      hint: 'remove it, or choose another path; nothing but a dead socket is ever replaced',
    });
  }
  const answer = await connectTest(path);
  if (answer === 'dead') return found;
  if (answer === 'gone') return undefined;
  throw new TeleportError(
    'already_exists',
    answer === 'alive'
      ? `another process is listening on the socket ${path}`
      : `the socket ${path} exists, and whether somebody listens on it cannot be found out (${answer})`,
    { hint: 'is another tbot running? Stop it, or choose another path' },
  );
}

/** A full backlog (EAGAIN) is as alive as an answer. */
function connectTest(path: string): Promise<'alive' | 'dead' | 'gone' | string> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve('alive');
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve('dead');
      else if (error.code === 'ENOENT') resolve('gone');
      else if (error.code === 'EAGAIN') resolve('alive');
      else resolve(error.code ?? error.message);
    });
  });
}

/** Whoever can write to the folder can put another socket in the place of ours. */
export async function checkFolder(path: string): Promise<void> {
  let folder: BigIntStats;
  try {
    folder = await stat(path, { bigint: true });
  } catch (cause) {
    // It will be made, inside the nearest folder that exists.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path) return checkFolder(dirname(path));
    throw cannot('look at the folder', path, cause);
  }
  if (!folder.isDirectory()) {
    throw new TeleportError('bad_parameter', `${path} should be the folder of a socket, but is not a folder`);
  }
  if ((folder.mode & WORLD_WRITABLE) !== 0n && (folder.mode & STICKY) === 0n) {
    throw new TeleportError(
      'bad_parameter',
      `everybody may replace files in the folder ${path}: no socket is safe there`,
      {
        hint: `take the right to write from others (chmod o-w ${path}), or choose a folder of your own, /run/tbot for example`,
      },
    );
  }
}

/** A failure of the file system, as an error that names the path. */
export function cannot(what: string, path: string, cause: unknown): TeleportError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const denied = code === 'EACCES' || code === 'EPERM';
  return new TeleportError(denied ? 'access_denied' : 'bad_parameter', `cannot ${what} ${path}: ${code ?? message}`, {
    cause,
  });
}
