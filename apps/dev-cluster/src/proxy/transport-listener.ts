import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Caller } from '../access/caller.ts';
import { RoleSet } from '../access/role-set.ts';
import type { ServerIdentity } from '../auth/auth-listener.ts';
import { type ClientAuthority, peerOf } from '../auth/client-certificate.ts';
import { TlsAlerts } from '../auth/tls-alert.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { RpcServer } from '../rpc/rpc-server.ts';
import { TRANSPORT_PROTOCOL } from './route.ts';

export interface TransportListenerOptions {
  readonly rpc: RpcServer;
  readonly identity: ServerIdentity;
  /** User and host authorities of this cluster. */
  readonly authorities: () => readonly ClientAuthority[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** gRPC for holders of a certificate of this cluster; whose it is matters to those who are behind it. */
export class TransportListener {
  readonly #options: TransportListenerOptions;
  readonly #server: Server;
  readonly #alerts: TlsAlerts;

  constructor(options: TransportListenerOptions) {
    this.#options = options;
    this.#server = createServer({
      ...options.identity,
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback({ protocols }) {
        requireCertificate(this as unknown as TLSSocket);
        // The real one settles on none with HTTP/1.1; Node cannot. Both then close the connection.
        return ['h2', TRANSPORT_PROTOCOL, 'http/1.1'].find((known) => protocols.includes(known));
      },
    });
    this.#alerts = new TlsAlerts(this.#server);
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Takes over a connection, from its first byte on. */
  accept(socket: Socket): void {
    this.#alerts.connected(socket);
    this.#server.emit('connection', socket);
  }

  /** What the listener shows from the next connection on. */
  setIdentity(identity: ServerIdentity): void {
    this.#server.setSecureContext({ ...identity, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET });
  }

  #accept(socket: TLSSocket): void {
    const { rpc, authorities, clock, logger } = this.#options;
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol === 'http/1.1') {
      socket.destroy();
      return;
    }
    try {
      const peer = peerOf(socket, authorities(), clock.now());
      if (!peer) throw new Error('client sent no certificate');
      const { user } = peer.identity;
      const caller: Caller = {
        user,
        roles: new RoleSet([]),
        identity: peer.identity,
        ip: socket.remoteAddress ?? '',
      };
      rpc.serve({ socket, authenticate: () => caller });
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, 'client certificate refused, closing the connection');
      this.#alerts.refuse(socket, error);
    }
  }
}

/**
 * Makes OpenSSL refuse a client without a certificate, with the alert `certificate required`. Node does so only together
 * with a check of the certificate by the machine's time and by authorities that are known beforehand.
 */
function requireCertificate(socket: TLSSocket): void {
  const { _handle: handle } = socket as unknown as {
    _handle: { setVerifyMode(requestCert: boolean, rejectUnauthorized: boolean): void };
  };
  handle.setVerifyMode(true, true);
}
