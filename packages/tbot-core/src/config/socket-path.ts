import { isAbsolute } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';

/** Longest path of a unix socket on Linux, in bytes: `sun_path` has 108 and the last one is a zero. */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * The path of a unix socket as it may stand in a configuration or behind `--socket`: `file:///run/tbot.sock` (as in the
 * RFD), `unix:///run/tbot.sock`, or the bare absolute path. Nothing is percent-decoded.
 *
 * @throws TeleportError `bad_parameter`
 */
export function parseSocketPath(text: string): string {
  const path = pathOfUri(text);
  if (!isAbsolute(path)) {
    throw new TeleportError('bad_parameter', `the socket path ${JSON.stringify(text)} is not absolute`, {
      hint: 'write an absolute path, or file:///… or unix:///… with three slashes',
    });
  }
  if (path.includes('\0')) throw new TeleportError('bad_parameter', 'the socket path holds a NUL character');
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new TeleportError(
      'bad_parameter',
      `the socket path is too long: ${bytes} bytes, the limit is ${MAX_SOCKET_PATH_BYTES}: ${path}`,
      { hint: 'choose a shorter folder, /run/tbot for example' },
    );
  }
  return path;
}

function pathOfUri(text: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  if (!match) return text;
  const [, scheme, rest] = match as unknown as [string, string, string];
  if (!['file', 'unix'].includes(scheme.toLowerCase())) {
    throw new TeleportError('bad_parameter', `a socket path cannot start with ${scheme}://`, {
      hint: 'use file:///…, unix:///… or a bare absolute path',
    });
  }
  if (!rest.startsWith('/')) {
    throw new TeleportError('bad_parameter', `${JSON.stringify(text)} names a host or a relative path`, {
      hint: `write three slashes: ${scheme}:///${rest}`,
    });
  }
  return rest;
}
