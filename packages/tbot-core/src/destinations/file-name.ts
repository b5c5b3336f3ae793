import { TeleportError } from '@teleport-ts/api-types';

/** Names that the commit protocol keeps for itself: its record, its lock and its temporary files. */
export const COMMIT_RECORD = '.commit.json';
export const COMMIT_LOCK = '.commit.lock';
export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Refuses what is not a plain file name, with at most one directory before it, or is one of the commit protocol's own.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkFileNames(names: readonly string[]): void {
  for (const name of names) {
    if (!isFileName(name)) throw new TeleportError('bad_parameter', `${JSON.stringify(name)} is not a plain file name`);
    if (name.split('/').some(isReserved)) {
      throw new TeleportError('bad_parameter', `the file name ${JSON.stringify(name)} is reserved`);
    }
    const [directory = ''] = name.split('/');
    if (directory !== name && names.includes(directory)) {
      throw new TeleportError('bad_parameter', `${JSON.stringify(directory)} is both a file and a directory`);
    }
  }
}

/** Is it the name of a file in a set, such as `key` or `cockroach/node.key`? */
export function isFileName(name: string): boolean {
  const parts = name.split('/');
  return parts.length <= 2 && parts.every(isPlainName) && Buffer.byteLength(name) <= 200;
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0');
}

function isReserved(name: string): boolean {
  return name === COMMIT_RECORD || name === COMMIT_LOCK || (name.startsWith('.') && name.endsWith(TEMPORARY_SUFFIX));
}
