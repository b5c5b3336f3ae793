import * as promises from 'node:fs/promises';

/** The steps of the file system that a directory destination takes; a test hands in ones that fail or stop. */
export type FileSystem = Pick<
  typeof promises,
  'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rmdir' | 'unlink'
>;

export const nodeFileSystem: FileSystem = promises;

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** For an awaited step where another process may have been first. */
export async function unlessMissing(step: Promise<void>): Promise<boolean> {
  try {
    await step;
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
