import { createServer as createWebServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, createServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { Server, ServerCredentials, type ServiceError, type UntypedHandleCall } from '@grpc/grpc-js';
import { toServiceDefinition } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { KeyAndCert } from './pki.ts';

interface AuthServerOptions {
  readonly certificate: KeyAndCert;
  /** Default: any that is free. */
  readonly port?: number;
  readonly cluster?: string;
  readonly version?: string;
  readonly handlers?: Readonly<Record<string, UntypedHandleCall>>;
  /** The same port is a proxy's web address too: its certificate, and what it answers to find. */
  readonly web?: { readonly certificate: KeyAndCert; readonly find: object };
  /** What happens to a TLS connection; default: it is served. */
  readonly onSecure?: (socket: TLSSocket, serve: () => void) => void;
}

/** What one call brought. */
export interface ReceivedCall {
  readonly rpc: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A gRPC server behind a TLS port, as an auth service has it; says what arrived. */
export class AuthServer implements AsyncDisposable {
  readonly calls: ReceivedCall[] = [];
  /** Server name of each TLS connection, who called, and with how many certificates. */
  readonly handshakes: { servername: string | false; peer: string | undefined; certificates: number }[] = [];
  /** Serial number of the certificate of each TLS connection. */
  readonly serials: (string | undefined)[] = [];
  /** The ALPN list of each TLS connection. */
  readonly protocols: string[][] = [];
  readonly sockets = new Set<Socket>();
  readonly #tls: TlsServer;
  readonly #grpc = new Server();
  readonly #injector: ReturnType<Server['createConnectionInjector']>;

  private constructor(options: AuthServerOptions) {
    const { certificate, cluster = 'root.test', version = '18.0.0', handlers = {} } = options;
    const ping: UntypedHandleCall = (
      call: { metadata: { getMap(): Record<string, unknown> } },
      answer: (error: null, value: object) => void,
    ) => {
      this.calls.push({ rpc: 'Ping', headers: call.metadata.getMap() });
      answer(null, { ClusterName: cluster, ServerVersion: version, ProxyPublicAddr: 'proxy.test:443' });
    };
    const definition = toServiceDefinition(AuthServiceDefinition);
    const partial = Object.fromEntries(
      Object.entries(definition).map(([name, method]) => {
        const { responseType } = AuthServiceDefinition.methods[name as 'ping'];
        const { encode, fromPartial } = responseType;
        const serialize = (value: object): Buffer => Buffer.from(encode(fromPartial(value)).finish());
        return [name, { ...method, responseSerialize: serialize }];
      }),
    );
    this.#grpc.addService(partial as typeof definition, { ping, ...handlers });
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#injector = injector;
    const web = createWebServer((_, response) => response.end(JSON.stringify(options.web?.find)));
    this.#tls = createServer(
      {
        ...(options.web?.certificate ?? certificate),
        requestCert: true,
        rejectUnauthorized: false,
        SNICallback: (name, choose) =>
          choose(null, name === 'teleport.cluster.local' ? createSecureContext(certificate) : undefined),
        ALPNCallback: ({ protocols }) => {
          this.protocols.push(protocols);
          return protocols.includes('h2') ? 'h2' : 'http/1.1';
        },
      },
      (socket) => {
        socket.on('error', () => {});
        if (socket.alpnProtocol !== 'h2') return void web.emit('connection', socket);
        this.serials.push(socket.getPeerX509Certificate()?.serialNumber);
        this.handshakes.push({
          servername: servername(socket),
          peer: socket.getPeerCertificate().subject?.CN,
          certificates: chainLength(socket),
        });
        const serve = (): void => injector.injectConnection(socket);
        if (options.onSecure) options.onSecure(socket, serve);
        else serve();
      },
    );
    this.#tls.on('connection', (raw: Socket) => {
      this.sockets.add(raw);
      raw.on('close', () => this.sockets.delete(raw)).on('error', () => {});
    });
    this.#tls.on('tlsClientError', () => {});
  }

  static async start(options: AuthServerOptions): Promise<AuthServer> {
    const server = new AuthServer(options);
    await new Promise<void>((resolve) => server.#tls.listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#tls.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Says goodbye on every connection: running calls may finish, no new ones are taken. */
  goaway(): void {
    this.#injector.drain(10_000);
  }

  /** Forgets what arrived, so that it takes no memory. */
  forget(): void {
    for (const list of [this.calls, this.handshakes, this.serials, this.protocols]) list.length = 0;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#grpc.forceShutdown();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#tls.close(resolve));
  }
}

/** An error with a gRPC status, for a handler to answer. */
export function refusal(code: number, details: string): Partial<ServiceError> {
  return { code, details };
}

function servername(socket: TLSSocket): string | false {
  return (socket as TLSSocket & { servername?: string | false }).servername ?? false;
}

function chainLength(socket: TLSSocket): number {
  const own = socket.getPeerCertificate(true);
  if (!own?.raw) return 0;
  return own.issuerCertificate === undefined ? 1 : 2;
}
