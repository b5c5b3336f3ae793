import { constants } from 'node:crypto';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { VerifiedPeer } from '../access/authenticate.ts';
import { type ClientAuthority, peerOf } from '../auth/client-certificate.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { TUNNEL_PROTOCOLS } from './route.ts';

export interface WebListenerOptions {
  readonly identity: { readonly key: string; readonly cert: string };
  readonly authorities: () => readonly ClientAuthority[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** A request with a client certificate goes to an application, one without to the web API. */
  readonly handle: (peer: VerifiedPeer | undefined, request: IncomingMessage, response: ServerResponse) => void;
  /** Connections that speak the given protocol instead of HTTP. */
  readonly other?: { readonly protocol: string; readonly serve: (socket: TLSSocket) => void };
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
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Takes over a connection that another listener has accepted, from its first byte on. */
  accept(socket: Socket): void {
    this.#tls.emit('connection', socket);
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
    const { other } = this.#options;
    if (other && offered.includes(other.protocol)) return offered.includes('h2') ? 'h2' : other.protocol;
    // HTTP/2 is not spoken here: with both, the real one takes HTTP/1.1 too.
    return ['http/1.1', ...TUNNEL_PROTOCOLS, 'teleport-auth'].find((protocol) => offered.includes(protocol));
  }

  #accept(socket: TLSSocket): void {
    const { other, authorities, clock, logger } = this.#options;
    socket.on('error', () => socket.destroy());
    if (other && (socket.alpnProtocol === other.protocol || socket.alpnProtocol === 'h2')) {
      other.serve(socket);
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
