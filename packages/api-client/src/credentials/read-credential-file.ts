import { readFile } from 'node:fs/promises';
import { type ErrorCode, TeleportError } from '@teleport-ts/api-types';

const reasons: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  ENOENT: ['not_found', 'does not exist', 'check the path; tbot writes it once it has joined'],
  EACCES: ['access_denied', 'may not be read by this user', 'check owner and mode of the file and its folders'],
  EISDIR: ['bad_parameter', 'is a folder', 'name the file in it'],
};

/** Reads a file of a credential; `what` it is stands in the error, e.g. `identity file`. */
export async function readCredentialFile(path: string, what: string, signal?: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const errno = (cause as NodeJS.ErrnoException).code ?? '';
    const [code, reason, hint] = reasons[errno] ?? ['unknown', `cannot be read (${errno})`, undefined];
    throw new TeleportError(code, `the ${what} ${path} ${reason}`, { cause, ...(hint !== undefined && { hint }) });
  }
}
