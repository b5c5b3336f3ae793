import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeyAndCert } from './pki.ts';

interface ConnectProxyOptions {
  /** `user:password` that it demands. */
  readonly login?: string;
  /** It is spoken to by TLS. */
  readonly certificate?: KeyAndCert;
  /** Answers instead of connecting. */
  readonly answer?: (client: Duplex) => void;
}

/** An HTTP proxy that connects (CONNECT); every name leads to this machine. */
export interface ConnectProxy extends AsyncDisposable {
  /** `host:port` of it. */
  readonly address: string;
  /** What it was asked to connect to. */
  readonly targets: string[];
  /** Requests of other methods. */
  readonly others: string[];
  readonly open: ReadonlySet<Duplex>;
}

export async function connectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const open = new Set<Duplex>();
  const targets: string[] = [];
  const others: string[] = [];
  const server: Server = options.certificate ? createTlsServer({ ...options.certificate }) : createServer();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
  });
  server.on('request', (request, response) => {
    others.push(`${request.method} ${request.url}`);
    response.writeHead(501).end();
  });
  server.on('connect', (request, client: Duplex) => {
    targets.push(request.url ?? '');
    client.on('error', () => {});
    if (options.answer) {
      client.once('end', () => client.destroy()).resume();
      options.answer(client);
      return;
    }
    const wanted = options.login && `Basic ${Buffer.from(options.login).toString('base64')}`;
    if (wanted && request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n');
      return;
    }
    const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1]);
    const far = connect({ host: '127.0.0.1', port }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(far).pipe(client);
    });
    far.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    far.on('close', () => client.destroy());
    client.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    others,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
