import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Connections of this process with itself. What comes inside another connection gets a socket of its own by them, with an
 * address that no other has, so that whoever serves it need not know the difference.
 */
export class SocketPairs {
  readonly #server: Server;
  /** By the port of the near end. */
  readonly #far = new Map<number, Socket>();
  readonly #near = new Map<number, (far: Socket) => void>();

  constructor() {
    this.#server = createServer({ noDelay: true }, (far) => {
      const port = far.remotePort as number;
      far.once('close', () => this.#far.delete(port));
      const arrived = this.#near.get(port);
      if (arrived) arrived(far);
      else this.#far.set(port, far);
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Two sockets; what is written into the one comes out of the other. */
  async open(): Promise<readonly [near: Socket, far: Socket]> {
    const { port } = this.#server.address() as AddressInfo;
    const near = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(near, 'connect');
    const key = near.localPort as number;
    const far = this.#far.get(key) ?? (await new Promise<Socket>((resolve) => this.#near.set(key, resolve)));
    this.#far.delete(key);
    this.#near.delete(key);
    return [near, far];
  }

  close(): Promise<void> {
    for (const far of this.#far.values()) far.destroy();
    return new Promise((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
    });
  }
}

/** Passes on both ways; when one side breaks, so does the other. */
export function splice(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.once('close', () => to.destroy());
    from.pipe(to);
  }
}
