import { execFile } from 'node:child_process';
import { chmod, chown } from 'node:fs/promises';
import { promisify } from 'node:util';
import { TeleportError } from '@teleport-ts/api-types';

const run = promisify(execFile);

/** Who may connect, in the terms of the file system. Names are numbers by now. */
export interface SocketAccess {
  /** Permission bits. Default 0600. */
  mode?: number;
  ownerUid?: number;
  groupGid?: number;
  /** Users and groups that get an ACL entry of their own. */
  readers?: readonly ({ uid: number } | { gid: number })[];
}

/** @throws TeleportError when the system has no tool for ACL entries */
export async function checkAclTool(): Promise<void> {
  try {
    await run('setfacl', ['--version'], { timeout: 10_000 });
  } catch (cause) {
    throw new TeleportError('bad_parameter', 'the socket has `readers`, but setfacl is not installed', {
      hint: 'install the package acl, or use `group` and `mode` in place of `readers`',
      cause,
    });
  }
}

/**
 * Gives a new socket file its owner, mode and ACL entries, in an order in which it is at no time more open than at the
 * end. What cannot be applied is an error, never skipped.
 */
export async function applySocketAccess(path: string, access: SocketAccess): Promise<void> {
  const { mode = 0o600, ownerUid, groupGid, readers = [] } = access;
  if (ownerUid !== undefined || groupGid !== undefined) {
    await chown(path, ownerUid ?? -1, groupGid ?? -1).catch((cause: unknown) => {
      throw new TeleportError('access_denied', `cannot give the socket its owner and group: ${text(cause)}`, {
        hint: 'only root may give a file away; a group must be one of the agent’s own',
        cause,
      });
    });
  }
  await chmod(path, mode).catch((cause: unknown) => {
    throw new TeleportError('access_denied', `cannot set the mode of the socket: ${text(cause)}`, { cause });
  });
  if (readers.length === 0) return;
  await checkAclTool();
  // Connecting takes the right to write.
  const entries = readers.map((reader) => ('uid' in reader ? `u:${reader.uid}:rw` : `g:${reader.gid}:rw`));
  await run('setfacl', ['-m', entries.join(','), '--', path], { timeout: 10_000 }).catch((cause: unknown) => {
    throw new TeleportError('access_denied', `setfacl cannot give the socket its readers: ${text(cause)}`, {
      hint: 'the file system of the socket may not know ACLs',
      cause,
    });
  });
}

function text(cause: unknown): string {
  const error = cause as NodeJS.ErrnoException & { stderr?: string };
  return error.stderr?.trim() || error.code || String(error.message);
}
