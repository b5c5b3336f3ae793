import { constants } from 'node:crypto';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { VerifiedPeer } from '../access/authenticate.ts';
import { type ClientAuthority, peerOf } from '../auth/client-certificate.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { JOIN_PROTOCOL, TUNNEL_PROTOCOLS } from './route.ts';

export interface WebListenerOptions {
  readonly identity: { readonly key: string; readonly cert: string };
  readonly authorities: () => readonly ClientAuthority[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** A request with a client certificate goes to an application, one without to the web API. */
  readonly handle: (peer: VerifiedPeer | undefined, request: IncomingMessage, response: ServerResponse) => void;
  /** A request to leave HTTP behind, over plain HTTP/1.1 or inside another connection too. */
  readonly upgrade: (peer: VerifiedPeer | undefined, request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Connections that speak the joining protocol instead of HTTP. */
  readonly join: (socket: TLSSocket) => void;
}

/** The proxy's HTTPS, behind the certificate of the web authority. */
export class WebListener {
  readonly #options: WebListenerOptions;
  readonly #tls: Server;
  readonly #http: HttpServer;
  readonly #peers = new WeakMap<Socket, VerifiedPeer>();

  constructor(options: WebListenerOptions) {
    this.#options = options;
    this.#tls = createServer({
      ...options.identity,
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: ({ protocols }) => this.#chooseProtocol(protocols),
    });
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#http = createHttpServer((request, response) => {
      response.on('error', () => response.destroy());
      options.handle(this.#peers.get(request.socket), request, response);
    });
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      options.upgrade(this.#peers.get(request.socket), request, socket, head),
    );
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Takes over a connection that another listener has accepted, from its first byte on. */
  accept(socket: Socket): void {
    this.#tls.emit('connection', socket);
  }

  /** Takes over a connection that speaks HTTP without TLS. */
  acceptPlain(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    this.#http.emit('connection', socket);
  }

  /** What the listener shows from the next connection on. */
  setIdentity(identity: WebListenerOptions['identity']): void {
    this.#tls.setSecureContext({ ...identity, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET });
  }

  close(): void {
    this.#http.close();
    this.#http.closeAllConnections();
  }

  #chooseProtocol(offered: readonly string[]): string | undefined {
    if (offered.includes(JOIN_PROTOCOL)) return offered.includes('h2') ? 'h2' : JOIN_PROTOCOL;
    // HTTP/2 is not spoken here: with both, the real one takes HTTP/1.1 too.
    return ['http/1.1', ...TUNNEL_PROTOCOLS, 'teleport-auth'].find((protocol) => offered.includes(protocol));
  }

  #accept(socket: TLSSocket): void {
    const { join, authorities, clock, logger } = this.#options;
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol === JOIN_PROTOCOL || socket.alpnProtocol === 'h2') {
      join(socket);
      return;
    }
    if (TUNNEL_PROTOCOLS.includes(socket.alpnProtocol || '')) {
      socket.end();
      return;
    }
    try {
      const peer = peerOf(socket, authorities(), clock.now());
      if (peer) this.#peers.set(socket, peer);
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, 'client certificate refused, closing the connection');
      socket.destroy();
      return;
    }
    this.#http.emit('connection', socket);
  }
}
