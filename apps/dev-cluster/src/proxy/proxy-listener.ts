import type { Socket } from 'node:net';
import type { Logger } from '../logger.ts';
import { type ClientHello, readClientHello } from './client-hello.ts';
import { routeOf } from './route.ts';

/** Who takes over the connections of the proxy's port, from their first byte on. */
export interface ProxyTargets {
  /** The auth service of a cluster, or undefined when nobody knows the cluster. */
  auth(cluster: string): ((socket: Socket) => void) | undefined;
  web(socket: Socket): void;
  join(socket: Socket): void;
}

/** A client that does not say what it wants is not waited for longer than this. */
const HELLO_TIMEOUT_MS = 10_000;

/** The proxy's port: looks at the first message of each connection and hands the connection on, unread. */
export class ProxyListener {
  readonly #targets: ProxyTargets;
  readonly #logger: Logger;

  constructor(targets: ProxyTargets, logger: Logger) {
    this.#targets = targets;
    this.#logger = logger;
  }

  /** Takes over a connection, from its first byte on. */
  accept(socket: Socket): void {
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      let hello: ClientHello | undefined;
      try {
        hello = readClientHello(received);
      } catch {
        socket.destroy();
        return;
      }
      if (!hello) return;
      socket.off('data', onData);
      socket.pause();
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.unshift(received);
      this.#route(socket, hello);
    };
    socket.on('data', onData);
  }

  #route(socket: Socket, hello: ClientHello): void {
    const route = routeOf(hello);
    if (route.to === 'web' || route.to === 'join') {
      this.#targets[route.to](socket);
      return;
    }
    const accept = route.to === 'auth' ? this.#targets.auth(route.cluster) : undefined;
    if (accept) {
      accept(socket);
      return;
    }
    const reason = route.to === 'auth' ? `cluster ${route.cluster} is not known` : route.reason;
    this.#logger.warn({ reason }, 'connection closed');
    socket.resetAndDestroy();
  }
}
