import { constants } from 'node:crypto';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { decodeClusterName } from '@teleport-ts/api-types';
import { authenticate, type VerifiedPeer } from '../access/authenticate.ts';
import type { Clock } from '../clock.ts';

import type { Logger } from '../logger.ts';
import type { RpcServer } from '../rpc/rpc-server.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { type ClientAuthority, ClientCertificateError, peerOf } from './client-certificate.ts';
import { answerHttp } from './http-api.ts';
import { TlsAlerts } from './tls-alert.ts';

/** A server's key and certificate, PEM. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

export interface AuthListenerOptions {
  readonly state: ClusterState;
  readonly rpc: RpcServer;
  readonly identity: ServerIdentity;
  /** User and host authorities of this cluster and of those it trusts. */
  readonly authorities: () => readonly ClientAuthority[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The auth service's TLS port. A client certificate is optional, but one that is shown must be good; `h2` is gRPC, all
 * else the HTTP API of old.
 */
export class AuthListener {
  readonly #options: AuthListenerOptions;
  readonly #server: Server;
  readonly #alerts: TlsAlerts;
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();
  /** Who is at the other end of a connection of the HTTP API. */
  readonly #peers = new WeakMap<Socket, VerifiedPeer | undefined>();

  constructor(options: AuthListenerOptions) {
    this.#options = options;
    this.#server = createServer({
      ...options.identity,
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: ({ protocols }) => ['h2', 'http/1.1'].find((known) => protocols.includes(known)),
    });
    this.#alerts = new TlsAlerts(this.#server);
    this.#server.on('connection', (socket) => this.#track(socket));
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      options.logger.debug({ error }, 'TLS handshake failed');
      socket.destroy();
    });
    this.#http = createHttpServer((request, response) => {
      const peer = this.#peers.get(request.socket);
      const ip = request.socket.remoteAddress ?? '';
      answerHttp(options.state, request, response, () => authenticate(options.state, peer, ip));
    });
  }

  /** Takes over a connection that another listener has accepted, from its first byte on. */
  accept(socket: Socket): void {
    this.#alerts.connected(socket);
    this.#server.emit('connection', socket);
  }

  /** What the listener shows from the next connection on. */
  setIdentity(identity: ServerIdentity): void {
    this.#server.setSecureContext({ ...identity, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET });
  }

  close(): void {
    this.#http.close();
    this.#http.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  #accept(socket: TLSSocket): void {
    const { state, rpc, logger } = this.#options;
    socket.on('error', () => socket.destroy());
    let peer: VerifiedPeer | undefined;
    try {
      peer = this.#verify(socket);
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, 'client certificate refused, closing the connection');
      this.#alerts.refuse(socket, error);
      return;
    }
    const ip = socket.remoteAddress ?? '';
    if (socket.alpnProtocol === 'h2') rpc.serve({ socket, authenticate: () => authenticate(state, peer, ip) });
    else {
      this.#peers.set(socket, peer);
      this.#http.emit('connection', socket);
    }
  }

  #verify(socket: TLSSocket): VerifiedPeer | undefined {
    const { authorities, clock } = this.#options;
    const { servername } = socket as { servername?: string | false | null };
    const peer = peerOf(socket, forServerName(servername, authorities()), clock.now());
    if (peer && peer.identity.usage.length > 0) {
      throw new ClientCertificateError(`certificate is restricted to ${peer.identity.usage}`);
    }
    return peer;
  }
}

/** A server name that encodes a cluster narrows the authorities to that cluster's; any other name does not. */
function forServerName(
  serverName: string | false | null | undefined,
  authorities: readonly ClientAuthority[],
): readonly ClientAuthority[] {
  const cluster = serverName ? decodeClusterName(serverName) : undefined;
  return cluster === undefined ? authorities : authorities.filter((authority) => authority.cluster === cluster);
}
