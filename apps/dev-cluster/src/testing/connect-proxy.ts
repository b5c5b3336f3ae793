import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from '../clock.ts';
import { WebAuthority } from '../pki/web-certificate.ts';

export interface ConnectProxyOptions {
  /** What it demands; without it, it serves everybody. */
  readonly login?: { readonly user: string; readonly password: string };
  /** It is spoken to by TLS, under an authority of its own. */
  readonly isSecure?: boolean;
  /** Where a name leads that the machine does not know: `{ 'proxy.example.com:443': cluster.proxyAddress }`. */
  readonly routes?: Readonly<Record<string, string>>;
}

/** What a proxy was asked for. */
export interface ConnectRequest {
  /** `host:port` */
  readonly target: string;
  /** The status of the answer; 0 while it is not out. */
  status: number;
}

/**
 * A forward proxy as companies have them: HTTP CONNECT, perhaps with a password.
 *
 * ```ts
 * await using proxy = await ConnectProxy.start({ login: { user: 'u', password: 'p' } });
 * process.env.HTTPS_PROXY = proxy.url;
 * ```
 */
export class ConnectProxy implements AsyncDisposable {
  /** The authority behind its certificate, PEM; only when it is secure. */
  readonly caPem?: string;
  readonly asked: ConnectRequest[] = [];
  readonly #server: Server;
  readonly #options: ConnectProxyOptions;
  readonly #sockets = new Set<Duplex>();

  private constructor(options: ConnectProxyOptions) {
    this.#options = options;
    if (options.isSecure) {
      const authority = new WebAuthority({ clock: systemClock });
      this.caPem = authority.certificate;
      this.#server = createSecureServer(authority.issue());
    } else {
      this.#server = createServer();
    }
    this.#server.on('connection', (socket) => this.#track(socket));
    this.#server.on('request', (_request, response) => response.writeHead(405).end());
    this.#server.on('connect', ({ url = '', headers }, client, head) => {
      client.on('error', () => client.destroy());
      const entry: ConnectRequest = { target: url, status: 0 };
      this.asked.push(entry);
      const answer = (status: number, text: string, more = ''): void => {
        entry.status = status;
        client.write(`HTTP/1.1 ${status} ${text}\r\n${more}\r\n`);
      };
      if (!this.#admits(headers['proxy-authorization'])) {
        answer(407, 'Proxy Authentication Required', 'Proxy-Authenticate: Basic realm="test"\r\n');
        client.end();
        return;
      }
      const to = options.routes?.[url] ?? url;
      const colon = to.lastIndexOf(':');
      const far = connect({ host: to.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(to.slice(colon + 1)) });
      this.#track(far);
      far.once('connect', () => {
        answer(200, 'Connection established');
        far.write(head);
        far.pipe(client).pipe(far);
      });
      far.once('close', () => {
        if (entry.status === 0) {
          answer(502, 'Bad Gateway');
          client.end();
        } else client.destroy();
      });
      client.once('close', () => far.destroy());
    });
  }

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** For `HTTPS_PROXY`, with the login. */
  get url(): string {
    const { login, isSecure } = this.#options;
    const userInfo = login ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@` : '';
    return `${isSecure ? 'https' : 'http'}://${userInfo}${this.address}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #admits(authorization: string | undefined): boolean {
    const { login } = this.#options;
    if (!login) return true;
    return authorization === `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }
}
