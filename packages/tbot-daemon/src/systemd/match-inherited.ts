import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import type { SocketConfig } from '@teleport-ts/tbot-core';
import type { SocketAccess } from '../sockets/socket-access.ts';
import { checkFolder } from '../sockets/socket-path.ts';
import type { InheritedSocket } from './inherited-sockets.ts';

/**
 * Which socket of the configuration each inherited one is, by its path.
 *
 * @returns descriptors by the path as configured
 * @throws TeleportError `bad_parameter` for one that is in no configuration: its callers would wait for ever
 */
export async function matchInherited(
  sockets: readonly Pick<SocketConfig, 'path'>[],
  inherited: readonly InheritedSocket[],
): Promise<ReadonlyMap<string, number>> {
  const matched = new Map<string, number>();
  if (inherited.length === 0) return matched;
  const byPlace = new Map<string, string>();
  for (const { path } of sockets) byPlace.set(await place(path), path);
  for (const { fd, path } of inherited) {
    const configured = byPlace.get(await place(path));
    if (configured === undefined) {
      throw new TeleportError('bad_parameter', `systemd hands over the socket ${path}, which is not configured`, {
        hint: 'write it under `sockets`, or take its ListenStream= out of the socket unit',
      });
    }
    matched.set(configured, fd);
  }
  return matched;
}

/** The same folder may have two names, as /run and /var/run have. */
async function place(path: string): Promise<string> {
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return join(folder, basename(path));
}

/**
 * Whether the file of an inherited socket lets in nobody but those that the configuration lets in. It was made by systemd,
 * which gives it mode 0666 unless told otherwise, and is not ours to change.
 *
 * @throws TeleportError `bad_parameter` that names the difference
 */
export async function checkInheritedAccess(path: string, access: SocketAccess): Promise<void> {
  await checkFolder(dirname(path));
  const refuse = (what: string, hint: string): never => {
    throw new TeleportError('bad_parameter', `the socket ${path} was made by systemd ${what}`, { hint });
  };
  const file = await stat(path).catch(() => refuse('and is gone', 'restart the socket unit'));
  const [is, may] = [file.mode & 0o777, access.mode ?? 0o600];
  // Connecting takes the right to write, and nothing else.
  if ((is & ~may & 0o222) !== 0) {
    const hint = `write SocketMode=${octal(may)} in the socket unit, or mode: "${octal(is)}" in the configuration`;
    refuse(`with mode ${octal(is)}, and ${octal(may)} is configured`, hint);
  }
  if (access.ownerUid !== undefined && file.uid !== access.ownerUid) {
    refuse(`for the owner ${file.uid}, and ${access.ownerUid} is configured`, 'write SocketUser= in the socket unit');
  }
  if (access.groupGid !== undefined && file.gid !== access.groupGid) {
    refuse(`for the group ${file.gid}, and ${access.groupGid} is configured`, 'write SocketGroup= in the socket unit');
  }
  if (access.readers && access.readers.length > 0) {
    refuse('and cannot be given `readers`', 'use SocketGroup= and `allow`, or leave the socket to the agent');
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
