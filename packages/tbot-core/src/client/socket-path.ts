import { TeleportError } from '@teleport-ts/api-types';

/** What the kernel takes as a path of a unix socket, without its closing NUL (unix(7), Linux). */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Reads the text form of a socket: `file:///abs`, `unix:///abs`, or a path.
 *
 * @throws TeleportError `bad_parameter` for another scheme, a host part, or a path that no socket can have.
 */
export function parseSocketPath(text: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme !== undefined && scheme !== 'file' && scheme !== 'unix') {
    throw bad(text, `the scheme ${scheme}:// is not supported`);
  }
  const path = scheme === undefined ? text : text.slice(scheme.length + '://'.length);
  if (path === '') throw bad(text, 'the path is empty');
  if (scheme !== undefined && !path.startsWith('/')) throw bad(text, 'the path is not absolute');
  if (path.includes('\0')) throw bad(text, 'a path holds no NUL');
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw bad(
      text,
      `the path is ${bytes} bytes long, and a unix socket's path has at most ${MAX_SOCKET_PATH_BYTES}`,
      'choose a shorter one, such as /run/tbot.sock',
    );
  }
  return path;
}

function bad(
  text: string,
  why: string,
  hint = 'give the path of a unix socket, as file:///path, unix:///path or /path',
): TeleportError {
  return new TeleportError('bad_parameter', `socket ${JSON.stringify(text)}: ${why}`, { hint });
}
