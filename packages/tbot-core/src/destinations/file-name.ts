import { TeleportError } from '@teleport-ts/api-types';

/** Names that the commit protocol keeps for itself: its record, its lock and its temporary files. */
export const COMMIT_RECORD = '.commit.json';
export const COMMIT_LOCK = '.commit.lock';
export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Refuses what is not a plain file name, or is one of the commit protocol's own.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkFileNames(names: readonly string[]): void {
  for (const name of names) {
    if (!isPlainName(name))
      throw new TeleportError('bad_parameter', `${JSON.stringify(name)} is not a plain file name`);
    if (name === COMMIT_RECORD || name === COMMIT_LOCK || (name.startsWith('.') && name.endsWith(TEMPORARY_SUFFIX))) {
      throw new TeleportError('bad_parameter', `the file name ${JSON.stringify(name)} is reserved`);
    }
  }
}

export function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && Buffer.byteLength(name) <= 200;
}
