import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { Server } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import type { SocketFile } from '../sockets/socket-file.ts';

/**
 * Listens on a socket that systemd made. Its file stays when the server closes: callers of a moment without an agent wait
 * for the next one.
 */
export async function listenOnInherited(server: Server, path: string, fd: number): Promise<SocketFile> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new TeleportError('bad_parameter', `cannot listen on descriptor ${fd}: ${cause.message}`, { cause }));
    server.once('error', fail);
    server.listen({ fd, backlog: 511 }, () => {
      server.off('error', fail);
      resolve();
    });
  });
  const ours = await find(path);
  return {
    path,
    isOurs: async () => {
      const found = await find(path);
      return found !== undefined && ours !== undefined && found.dev === ours.dev && found.ino === ours.ino;
    },
    remove: async () => {},
  };
}

async function find(path: string): Promise<BigIntStats | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found?.isSocket() ? found : undefined;
}
