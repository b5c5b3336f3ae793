import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import type { DiagAddress } from '@teleport-ts/tbot-core';
import { listenOnSocketFile, type SocketFile } from '../sockets/socket-file.ts';

/** What is answered at a path. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

export interface DiagnosticsServerOptions {
  address: DiagAddress;
  /** Undefined where there is nothing. Must not reject with what a stranger may not read. */
  answer: (path: string) => Promise<Answer | undefined>;
  onError: (error: unknown) => void;
}

/** Who is slow to ask is looked for this often. */
const LOOK_MS = 2000;
/** At one time; a monitor needs one. */
const MOST_CONNECTIONS = 64;
const TEXT = 'text/plain; charset=utf-8';

/** A small HTTP server that answers GET, for monitors. It never reads a body. */
export class DiagnosticsServer implements AsyncDisposable {
  /** Where it is: `http://127.0.0.1:3001` or `unix:///run/tbot/diag.sock`. */
  readonly url: string;
  readonly #server: Server;
  readonly #file: SocketFile | undefined;
  #closed: Promise<void> | undefined;

  private constructor(server: Server, url: string, file?: SocketFile) {
    this.#server = server;
    this.url = url;
    this.#file = file;
  }

  /** @throws TeleportError that names the address when it cannot be listened on */
  static async open({ address, answer, onError }: DiagnosticsServerOptions): Promise<DiagnosticsServer> {
    const local = 'path' in address || isLoopbackName(address.host ?? '');
    const server = createServer({
      headersTimeout: 5000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: LOOK_MS,
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on('request', (request, response) => {
      respond(request, response, answer, local && !('path' in address)).catch((error: unknown) => {
        onError(error);
        send(response, { status: 500, contentType: TEXT, body: 'the answer failed; the log says why\n' });
      });
    });
    if ('path' in address) {
      const file = await listenOnSocketFile(server, address.path, { mode: 0o600 });
      server.on('error', onError);
      return new DiagnosticsServer(server, `unix://${address.path}`, file);
    }
    await listen(server, address);
    server.on('error', onError);
    const { address: host, family, port } = server.address() as AddressInfo;
    return new DiagnosticsServer(server, `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`);
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#file?.remove();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function listen(server: Server, address: Extract<DiagAddress, { port: number }>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${address.host ?? ''}:${address.port}`;
      const code = cause.code === 'EADDRINUSE' ? 'already_exists' : 'bad_parameter';
      reject(
        new TeleportError(code, `cannot serve diagnostics on ${where}: ${cause.code ?? cause.message}`, {
          hint: 'choose another `diag_addr`',
          cause,
        }),
      );
    });
    server.listen({ port: address.port, ...(address.host !== undefined && { host: address.host }) }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: DiagnosticsServerOptions['answer'],
  checkHost: boolean,
): Promise<void> {
  // A body is none of ours, and nobody waits for its end.
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    response.setHeader('connection', 'close');
    return send(response, { status: 405, contentType: TEXT, body: 'only GET and HEAD\n' });
  }
  if (checkHost && !isLocalHostHeader(request.headers.host)) {
    // A page in a browser on this machine, whose name was made to lead here, must not read it.
    return send(response, { status: 421, contentType: TEXT, body: 'not a name of this address\n' });
  }
  let path: string;
  try {
    path = decodeURIComponent((request.url ?? '/').replace(/[?#].*$/s, ''));
  } catch {
    return send(response, { status: 400, contentType: TEXT, body: 'not a path\n' });
  }
  send(response, (await answer(path)) ?? { status: 404, contentType: TEXT, body: 'nothing here\n' });
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function isLoopbackName(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || host.startsWith('127.');
}

function isLocalHostHeader(header: string | undefined): boolean {
  const host = (header ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(host) !== 0 || host.toLowerCase() === 'localhost';
}
