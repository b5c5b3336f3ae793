import { createServer, type Server, type Socket } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import { type Clock, type Logger, systemClock, type Timer } from '@teleport-ts/tbot-core';
import { listenOnInherited } from '../systemd/listen-on-inherited.ts';
import type { SocketAccess } from './socket-access.ts';
import { listenOnSocketFile, type SocketFile } from './socket-file.ts';

/** How often a running listener looks whether its file is still there. */
const FILE_CHECK_MS = 10_000;

export interface SocketListenerOptions {
  path: string;
  access: SocketAccess;
  /** A descriptor that listens already, on a socket that somebody else made and keeps. */
  inheritedFd?: number;
  onConnection: (socket: Socket) => void;
  /** What went wrong while it ran; it goes on. */
  onTrouble: (error: Error) => void;
  clock?: Clock;
  logger: Logger;
}

/**
 * A listening unix socket that stays: when its file goes away while it runs (a cleaner of temporary folders, a careless
 * `rm`) it is made again. Another process's socket in its place is left alone, and said.
 */
export class SocketListener implements AsyncDisposable {
  readonly path: string;
  readonly #options: SocketListenerOptions;
  readonly #clock: Clock;
  #server: Server;
  #file: SocketFile;
  #check: Timer | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: SocketListenerOptions, server: Server, file: SocketFile) {
    this.#options = options;
    this.path = options.path;
    this.#clock = options.clock ?? systemClock;
    this.#server = server;
    this.#file = file;
    this.#watch();
  }

  /** @throws TeleportError when the socket cannot be made */
  static async open(options: SocketListenerOptions): Promise<SocketListener> {
    const { server, file } = await listen(options);
    return new SocketListener(options, server, file);
  }

  /** Whether callers find it: its file is there, and is ours. */
  isReachable(): Promise<boolean> {
    return this.#file.isOurs();
  }

  #watch(): void {
    this.#check = this.#clock.setTimer(FILE_CHECK_MS, () => {
      this.#lookAfterFile()
        .catch((error: Error) => this.#options.onTrouble(error))
        .finally(() => {
          if (!this.#closed) this.#watch();
        });
    });
  }

  async #lookAfterFile(): Promise<void> {
    if (this.#closed || (await this.#file.isOurs())) return;
    if (this.#options.inheritedFd !== undefined) {
      throw new TeleportError('connection_problem', `the file of the socket ${this.path} is gone`, {
        hint: 'restart the socket unit, which made it',
      });
    }
    const { server, file } = await listen(this.#options);
    if (this.#closed) {
      await file.remove();
      server.close();
      return;
    }
    this.#options.logger.warn({ socket: this.path }, 'the file of the socket was gone and has been made again');
    this.#server.close();
    this.#server = server;
    this.#file = file;
  }

  /** Takes no more connections and removes the file, if it is still ours. Open connections stay. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#check?.cancel();
      await this.#file.remove();
      this.#server.close();
    })();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function listen(options: SocketListenerOptions): Promise<{ server: Server; file: SocketFile }> {
  const server = createServer((socket) => {
    // A caller that goes away in the middle of anything is no trouble.
    socket.on('error', () => {});
    try {
      options.onConnection(socket);
    } catch (error) {
      socket.destroy();
      options.onTrouble(error as Error);
    }
  });
  const { path, access, inheritedFd: fd } = options;
  const file = await (fd === undefined
    ? listenOnSocketFile(server, path, access)
    : listenOnInherited(server, path, fd));
  // A failed accept, too many open files for example: this connection is lost, the next one may do.
  server.on('error', (error) => {
    options.onTrouble(
      new TeleportError('connection_problem', `cannot accept a connection: ${error.message}`, { cause: error }),
    );
  });
  return { server, file };
}
