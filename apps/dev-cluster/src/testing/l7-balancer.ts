import type { IncomingMessage } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { systemClock } from '../clock.ts';
import { WebAuthority } from '../pki/web-certificate.ts';

export interface L7BalancerOptions {
  /** `host:port` of the proxy's web port behind it; a function is asked for each request. */
  readonly to: string | (() => string);
  /** Forwards requests without their `Upgrade` header, as a balancer does that is not told otherwise. */
  readonly dropsUpgrades?: boolean;
  /** Takes `h2` too in the handshake, as nginx with `ssl http2`; it then answers nothing in it. */
  readonly acceptsHttp2?: boolean;
}

/** What a balancer has forwarded. */
export interface ForwardedRequest {
  readonly method: string;
  readonly url: string;
  /** The `Upgrade` header as it came. */
  readonly upgrade?: string;
}

/**
 * What stands in front of a proxy in many places: it ends TLS, and forwards HTTP/1.1 with WebSockets. Whoever asks for
 * another protocol in the handshake is refused with the alert `no application protocol`.
 *
 * ```ts
 * await using balancer = await L7Balancer.start({ to: cluster.proxyAddress });
 * await connect({ addresses: [balancer.address], trust: { webCa: [balancer.caPem] }, … });
 * ```
 */
export class L7Balancer implements AsyncDisposable {
  /** The authority behind its certificate, PEM. */
  readonly caPem: string;
  readonly forwarded: ForwardedRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #options: L7BalancerOptions;

  private constructor(options: L7BalancerOptions) {
    this.#options = options;
    const authority = new WebAuthority({ clock: systemClock });
    this.caPem = authority.certificate;
    this.#server = createServer({
      ...authority.issue(),
      ALPNProtocols: options.acceptsHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    });
    this.#server.on('connection', (socket) => this.#track(socket));
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server.on('request', (asked, answer) => {
      const onward = this.#forward(asked, {});
      onward.on('response', (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      answer.on('close', () => onward.destroy());
      asked.pipe(onward);
    });
    if (!options.dropsUpgrades) this.#server.on('upgrade', (asked, client, head) => this.#upgrade(asked, client, head));
  }

  static async start(options: L7BalancerOptions): Promise<L7Balancer> {
    const balancer = new L7Balancer(options);
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    return balancer;
  }

  /** `localhost:port` */
  get address(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections, as an idle limit does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #upgrade(asked: IncomingMessage, client: Duplex, head: Buffer): void {
    const { upgrade } = asked.headers;
    const onward = this.#forward(asked, { connection: 'upgrade', upgrade });
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
    onward.on('upgrade', ({ headers }, server, serverHead) => {
      // nginx writes the token in small letters.
      const lines = Object.entries({ ...headers, connection: 'upgrade' }).map(([name, value]) => `${name}: ${value}`);
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      this.#track(server);
      server.on('error', () => client.destroy());
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.once('close', () => other.destroy());
      }
      server.unshift(serverHead);
      client.unshift(head);
      server.pipe(client).pipe(server);
    });
    onward.on('response', (response) => {
      const { 'content-type': type = 'text/plain' } = response.headers;
      const answer = (body: string): void => {
        client.end(
          `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\ncontent-type: ${type}\r\n` +
            `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
        );
      };
      text(response).then(answer, () => client.destroy());
    });
    onward.end();
  }

  #forward(asked: IncomingMessage, headers: Record<string, string | undefined>): ReturnType<typeof request> {
    const { method = 'GET', url = '/' } = asked;
    const { connection: _, upgrade, ...others } = asked.headers;
    this.forwarded.push({ method, url, ...(upgrade !== undefined && { upgrade }) });
    const to = typeof this.#options.to === 'string' ? this.#options.to : this.#options.to();
    const colon = to.lastIndexOf(':');
    return request({
      host: to.slice(0, colon),
      port: to.slice(colon + 1),
      method,
      path: url,
      headers: { ...others, ...headers } as Record<string, string>,
      rejectUnauthorized: false,
      agent: false,
    });
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }
}
