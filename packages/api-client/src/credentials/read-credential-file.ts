import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ErrorCode, TeleportError } from '@teleport-ts/api-types';

/** No credential is a tenth as long; what is longer is some other file. */
const MAX_BYTES = 4 * 1024 * 1024;

type Reason = readonly [ErrorCode, string, string];

const reasons: Readonly<Record<string, Reason>> = {
  ENOENT: ['not_found', 'does not exist', 'check the path; tbot writes it once it has joined'],
  ENOTDIR: ['not_found', 'does not exist', 'a part of its path is a file, not a folder'],
  EACCES: ['access_denied', 'may not be read by this user', 'check owner and mode of the file and its folders'],
  EISDIR: ['bad_parameter', 'is a folder', 'name the file in it'],
  ELOOP: ['bad_parameter', 'is a symbolic link that leads to itself', 'check where the links lead'],
  ENAMETOOLONG: ['bad_parameter', 'has too long a name', 'is it a path at all?'],
  ERR_INVALID_ARG_VALUE: ['bad_parameter', 'has a name that no file can have', 'is it a path at all?'],
};

/**
 * Reads a file of a credential; `what` it is stands in the error, e.g. `identity file`.
 *
 * @throws TeleportError `not_found`, `access_denied`, or `bad_parameter` for what is no regular file, or too large
 */
export async function readCredentialFile(path: string, what: string, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a named pipe would hold up a thread until somebody writes to it.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const file = await handle.stat();
    if (file.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    if (!file.isFile()) throw refused(what, path, 'is no regular file', 'copy its content into one');
    if (file.size > MAX_BYTES) throw refused(what, path, 'is too large for one', 'is it the right file?');
    return await handle.readFile({ encoding: 'utf8', ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (cause instanceof TeleportError) throw cause;
    throw fileError(cause, `the ${what} ${path}`);
  } finally {
    await handle?.close();
  }
}

/** What a failed operation on a file of a credential means. */
export function fileError(cause: unknown, name: string): TeleportError {
  const errno = (cause as NodeJS.ErrnoException).code ?? '';
  const [code, reason, hint] = reasons[errno] ?? ['unknown', `cannot be read (${errno})`, undefined];
  return new TeleportError(code, `${name} ${reason}`, { cause, ...(hint !== undefined && { hint }) });
}

function refused(what: string, path: string, why: string, hint: string): TeleportError {
  return new TeleportError('bad_parameter', `the ${what} ${path} ${why}`, { hint });
}
