import { constants } from 'node:crypto';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { VerifiedPeer } from '../access/authenticate.ts';
import { type ClientAuthority, peerOf } from '../auth/client-certificate.ts';
import { TlsAlerts } from '../auth/tls-alert.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { JOIN_PROTOCOL, routesToJoin, TUNNEL_PROTOCOLS } from './route.ts';

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

const GREETING_TIMEOUT_MS = 10_000;

/** The proxy's HTTPS, behind the certificate of the web authority. */
export class WebListener {
  readonly #options: WebListenerOptions;
  readonly #tls: Server;
  readonly #alerts: TlsAlerts;
  readonly #http: HttpServer;
  readonly #http2: Http2Server;
  /** By address and port: requests over HTTP/2 do not tell their socket. */
  readonly #peers = new Map<string, VerifiedPeer>();
  /** Those that have come to join: HTTP/2 is not always the same. */
  readonly #joining = new WeakSet<object>();

  constructor(options: WebListenerOptions) {
    this.#options = options;
    this.#tls = createServer({
      ...options.identity,
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: webProtocol((socket) => this.#joining.add(socket)),
    });
    this.#alerts = new TlsAlerts(this.#tls);
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#http = createHttpServer((request, response) => {
      response.on('error', () => response.destroy());
      options.handle(this.#peerOf(request), request, response);
    });
    this.#http2 = createHttp2Server((request, response) => {
      response.on('error', () => response.stream.destroy());
      // Node makes them look like those of HTTP/1.1.
      const [asked, answer] = [request as unknown as IncomingMessage, response as unknown as ServerResponse];
      options.handle(this.#peerOf(asked), asked, answer);
    });
    this.#http2.on('sessionError', () => {});
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      options.upgrade(this.#peerOf(request), request, socket, head),
    );
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Takes over a connection that another listener has accepted, from its first byte on. */
  accept(socket: Socket): void {
    this.#alerts.connected(socket);
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
    this.#http2.close();
  }

  #accept(socket: TLSSocket): void {
    const { join, authorities, clock, logger } = this.#options;
    socket.on('error', () => socket.destroy());
    if (this.#joining.has(socket)) {
      join(socket);
      return;
    }
    if (TUNNEL_PROTOCOLS.includes(socket.alpnProtocol || '')) {
      // Nobody speaks SSH here; the client is waited for as long as its greeting may take.
      const timer = clock.setTimer(GREETING_TIMEOUT_MS, () => socket.destroy());
      socket.once('close', () => timer.cancel()).resume();
      return;
    }
    try {
      const peer = peerOf(socket, authorities(), clock.now());
      if (peer) this.#remember(socket, peer);
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, 'client certificate refused, closing the connection');
      this.#alerts.refuse(socket, error);
      return;
    }
    (socket.alpnProtocol === 'h2' ? this.#http2 : this.#http).emit('connection', socket);
  }

  #remember(socket: Socket, peer: VerifiedPeer): void {
    const key = addressOf(socket);
    this.#peers.set(key, peer);
    socket.once('close', () => this.#peers.delete(key));
  }

  #peerOf({ socket }: IncomingMessage): VerifiedPeer | undefined {
    return this.#peers.get(addressOf(socket));
  }
}

/** Chooses in the order of the real one, which with both takes HTTP/1.1 before HTTP/2, and marks those who come to join. */
function webProtocol(onJoin: (socket: object) => void): TlsOptions['ALPNCallback'] {
  return function (this: object, { protocols }) {
    if (routesToJoin(protocols)) {
      onJoin(this);
      return protocols.includes('h2') ? 'h2' : JOIN_PROTOCOL;
    }
    return ['http/1.1', 'h2', ...TUNNEL_PROTOCOLS, 'teleport-auth'].find((protocol) => protocols.includes(protocol));
  };
}

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;
