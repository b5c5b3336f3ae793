import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { type ClientHello, readClientHello } from './client-hello.ts';
import { type ProxyRoute, routeOf } from './route.ts';

/** Who takes over the connections of the proxy's port, from their first byte on. */
export interface ProxyTargets {
  /** The auth service of a cluster, or undefined when nobody knows the cluster. */
  auth(cluster: string): ((socket: Socket) => void) | undefined;
  web(socket: Socket): void;
  /** gRPC for whoever has a certificate of this cluster. */
  transport(socket: Socket): void;
}

export interface ProxyListenerOptions {
  readonly targets: ProxyTargets;
  /** Default {@link routeOf}. */
  readonly route?: (hello: ClientHello) => ProxyRoute;
  /** A client that does not say what it wants is not waited for longer than this. Default 10,000. */
  readonly helloTimeoutMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The proxy's port: looks at the first message of each connection and hands the connection on, unread. */
export class ProxyListener {
  readonly #options: ProxyListenerOptions;

  constructor(options: ProxyListenerOptions) {
    this.#options = options;
  }

  /** Takes over a connection, from its first byte on. */
  accept(socket: Socket): void {
    const { clock, helloTimeoutMs = 10_000 } = this.#options;
    const timer = clock.setTimer(helloTimeoutMs, () => socket.destroy());
    socket.once('close', () => timer.cancel());
    socket.on('error', () => socket.destroy());
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
      timer.cancel();
      socket.unshift(received);
      this.#route(socket, hello);
    };
    socket.on('data', onData);
  }

  #route(socket: Socket, hello: ClientHello): void {
    const { targets, logger, route: decide = routeOf } = this.#options;
    const route = decide(hello);
    if (route.to === 'web' || route.to === 'transport') {
      targets[route.to](socket);
      return;
    }
    const accept = route.to === 'auth' ? targets.auth(route.cluster) : undefined;
    if (accept) {
      accept(socket);
      return;
    }
    const reason = route.to === 'auth' ? `cluster ${route.cluster} is not known` : route.reason;
    logger.warn({ reason }, 'connection closed');
    socket.resetAndDestroy();
  }
}
