import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';

/**
 * The join token that a configuration means: an absolute path names a file that holds it, anything else is the token.
 *
 * @throws TeleportError `bad_parameter` for a file that is not there, cannot be read, or is empty; the token
 * is never in the message
 */
export async function readJoinToken(configured: string): Promise<string> {
  if (!isAbsolute(configured)) return configured.trim();
  const text = await readFile(configured, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TeleportError(
      'bad_parameter',
      `the token file ${configured} cannot be read: ${cause.code ?? 'unknown error'}`,
      {
        hint: 'a token that starts with / is taken for the path of a file that holds it',
        cause,
      },
    );
  });
  const token = text.trim();
  if (token === '') throw new TeleportError('bad_parameter', `the token file ${configured} is empty`);
  return token;
}
