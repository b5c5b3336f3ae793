import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the demo application tells about who called it. */
export interface DemoAnswer {
  readonly application: 'demo';
  readonly method: string;
  readonly path: string;
  readonly caller: {
    /** The user name, as the cluster asserts it. */
    readonly user: string;
    readonly roles: readonly string[];
    /** The name of the bot that the user belongs to. */
    readonly bot?: string;
  };
  /** When the caller's certificate ends, RFC 3339. */
  readonly expires: string;
}

/**
 * The application that stands behind every application without an address of its own. It believes the identity header,
 * since nobody but the proxy knows its port, and answers in JSON, or in text to those who ask for text first.
 */
export class DemoApplication {
  readonly #server: Server;
  readonly #botOf: (user: string) => string | undefined;

  /** @param botOf the bot that a user belongs to, if any */
  constructor(botOf: (user: string) => string | undefined) {
    this.#botOf = botOf;
    this.#server = createServer((request, response) => {
      request.resume();
      const answer = this.#answer(request);
      const wantsText = request.headers.accept?.startsWith('text/') === true;
      const [type, body] = wantsText
        ? ['text/plain; charset=utf-8', textOf(answer)]
        : ['application/json', JSON.stringify(answer)];
      response.writeHead(200, { 'content-type': type }).end(`${body}\n`);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  get uri(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage): DemoAnswer {
    const claims = claimsOf(request.headers['teleport-jwt-assertion']);
    const bot = this.#botOf(claims.username);
    return {
      application: 'demo',
      method: request.method ?? '',
      path: request.url ?? '',
      caller: { user: claims.username, roles: claims.roles, ...(bot !== undefined && { bot }) },
      expires: new Date(claims.exp * 1000).toISOString(),
    };
  }
}

function textOf({ caller, method, path }: DemoAnswer): string {
  const who = caller.bot === undefined ? `user ${caller.user}` : `bot ${caller.bot} (user ${caller.user})`;
  return `Hello, ${who} with the roles ${caller.roles.join(', ')}: you asked for ${method} ${path}.`;
}

function claimsOf(token: string | string[] | undefined): { username: string; roles: string[]; exp: number } {
  const [, claims = ''] = String(token ?? '').split('.');
  try {
    return JSON.parse(Buffer.from(claims, 'base64url').toString());
  } catch {
    return { username: '', roles: [], exp: 0 };
  }
}
