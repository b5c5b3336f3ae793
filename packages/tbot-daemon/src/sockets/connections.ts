import type { Socket } from 'node:net';
import type { Peer } from './peer.ts';

/** How many connections a socket holds at one time. */
export interface ConnectionLimits {
  /** Default 1024. */
  total?: number;
  /** Of one uid; root's too. Default 512. */
  perUser?: number;
}

/**
 * The open connections of one socket. gRPC names a caller only by a text, so each connection gets one that leads back to
 * its peer.
 */
export class Connections {
  readonly #limits: Required<ConnectionLimits>;
  readonly #open = new Map<string, { socket: Socket; peer: Peer | undefined }>();
  readonly #perUser = new Map<number, number>();
  #next = 1;

  constructor(limits: ConnectionLimits = {}) {
    this.#limits = { total: limits.total ?? 1024, perUser: limits.perUser ?? 512 };
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a connection in until it closes, or says no. */
  admit(socket: Socket, peer: Peer | undefined): boolean {
    const uid = peer?.uid ?? -1;
    const ofUser = this.#perUser.get(uid) ?? 0;
    if (this.#open.size >= this.#limits.total || (peer && ofUser >= this.#limits.perUser)) return false;
    const name = `connection-${this.#next++}`;
    this.#open.set(name, { socket, peer });
    this.#perUser.set(uid, ofUser + 1);
    // grpc-js reads the peer of a call from here.
    Object.defineProperty(socket, 'remoteAddress', { value: name });
    socket.once('close', () => {
      this.#open.delete(name);
      const left = (this.#perUser.get(uid) ?? 1) - 1;
      if (left > 0) this.#perUser.set(uid, left);
      else this.#perUser.delete(uid);
    });
    return true;
  }

  /** The peer of a call, by what grpc-js's `getPeer()` says. */
  peerOf(name: string): Peer | undefined {
    return this.#open.get(name)?.peer;
  }

  destroyAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }
}
