import { spawn } from 'node:child_process';
import { constants, rmSync } from 'node:fs';
import { access, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** statfs(2) of a file system that is in memory: tmpfs, ramfs. */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];

/** A directory for this process alone. */
export interface PrivateDirectory extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a directory with mode 0700 whose files reach no disk where the system has a place for such: `XDG_RUNTIME_DIR`,
 * `/dev/shm`, or the place for temporary files when that is in memory; else there all the same. It goes away with all that
 * is in it when it is disposed of, and also when the process ends before, even by SIGKILL.
 */
export async function privateDirectory(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<PrivateDirectory> {
  const path = await mkdtemp(join(await placeFor(env), 'tbot-'));
  const atExit = (): void => rmSync(path, { recursive: true, force: true });
  process.on('exit', atExit);
  const release = removedWithoutUs(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      process.off('exit', atExit);
      release();
    },
  };
}

/**
 * A shell that waits for the end of a pipe, which nobody but this process holds, and then removes the directory. Where there
 * is no shell nothing is lost but that.
 */
function removedWithoutUs(path: string): () => void {
  const shell = spawn('/bin/sh', ['-c', 'read -r _; rm -rf -- "$1"', 'sh', path], {
    // In a group of its own: a terminal's Ctrl-C is for the command.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  (shell.stdin as { unref?(): void }).unref?.();
  return () => shell.stdin.end();
}

async function placeFor(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const place of [env.XDG_RUNTIME_DIR, '/dev/shm', tmpdir()]) {
    if (place?.startsWith('/') && (await isGood(place))) return place;
  }
  return tmpdir();
}

/** In memory, writable, and either one's own or one where others cannot take away what is not theirs (sticky). */
async function isGood(place: string): Promise<boolean> {
  try {
    const [{ type }, { mode, uid }] = await Promise.all([statfs(place), stat(place)]);
    await access(place, constants.W_OK | constants.X_OK);
    const isSafe = (mode & 0o022) === 0 ? uid === process.geteuid?.() || uid === 0 : (mode & 0o1000) !== 0;
    return IN_MEMORY.includes(type) && isSafe;
  } catch {
    return false;
  }
}
