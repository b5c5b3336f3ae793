import { isAbsolute, normalize } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';

/** Where a destination is. */
export type DestinationAddress =
  | { readonly type: 'directory' /** Absolute, normalized. */; readonly path: string }
  | { readonly type: 'memory' };

const HINT = 'give a directory as file:///absolute/path or /absolute/path';

/**
 * Reads the text form of a destination, as it stands on a command line: `file:///abs/path`, a bare absolute path, or
 * `memory://` (tbot 18 has the same forms). Nothing is percent-decoded: a path is taken letter by letter.
 *
 * @throws TeleportError `bad_parameter` for a relative path, a host part, or another scheme.
 * @example
 * parseDestinationUri('file:///tmp/app-credentials'); // { type: 'directory', path: '/tmp/app-credentials' }
 */
export function parseDestinationUri(text: string): DestinationAddress {
  if (text === 'memory://' || text === 'memory:') return { type: 'memory' };
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return directory(text, text);
  if (scheme === 'memory') throw bad(text, 'memory:// takes nothing after it');
  if (scheme !== 'file') throw bad(text, `the scheme ${scheme}: is not supported`);
  const rest = text.slice('file:'.length);
  if (!rest.startsWith('//')) return directory(text, rest);
  const path = rest.slice(2);
  if (path !== '' && !path.startsWith('/'))
    throw bad(text, 'a file:// address takes no host part: write file:/// with three slashes');
  return directory(text, path);
}

function directory(text: string, path: string): DestinationAddress {
  if (path === '') throw bad(text, 'the path is empty');
  if (path.includes('\0')) throw bad(text, 'a path holds no NUL');
  if (!isAbsolute(path)) throw bad(text, 'the path is not absolute');
  const normal = normalize(path);
  return { type: 'directory', path: normal.length > 1 ? normal.replace(/\/+$/, '') : normal };
}

function bad(text: string, why: string): TeleportError {
  return new TeleportError('bad_parameter', `destination ${JSON.stringify(text)}: ${why}`, { hint: HINT });
}
