import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { Identity } from '../identity.ts';

type Created = (error: Error | null, socket: Duplex) => void;

/** What a connection is made with: the newest credential, and what goes with it. Throws when there is none. */
interface Credential {
  readonly identity: () => Identity;
  readonly tls: (identity: Identity) => SecureContextOptions;
}

/** An agent for `https.request` whose connections show the credential that is newest when they are made. */
export class IdentityAgent extends Agent {
  readonly #credential: Credential;
  /** What each connection was made with. */
  readonly #made = new WeakMap<Duplex, Identity>();
  #retired = false;

  constructor(credential: Credential, options: AgentOptions) {
    // A resumed session carries the certificate that it began with.
    super({ keepAlive: true, ...options, maxCachedSessions: 0 });
    this.#credential = credential;
    // Ahead of the agent's own listener, which would hand the connection to the next request.
    this.prependListener('free', (socket: Duplex) => {
      if (this.#outdated(socket)) socket.destroy();
    });
  }

  override createConnection(options: RequestOptions, created?: Created): Duplex | null | undefined {
    let identity: Identity;
    let tls: SecureContextOptions;
    try {
      identity = this.#credential.identity();
      tls = this.#credential.tls(identity);
    } catch (error) {
      // The request fails with it.
      created?.(error as Error, undefined as unknown as Duplex);
      return undefined;
    }
    const { tlsCertificate: cert, privateKeyPem: key } = identity;
    const socket = super.createConnection({ ...tls, ...options, cert, key }, created);
    if (socket) this.#made.set(socket, identity);
    return socket;
  }

  /** Drops the connections that nobody uses. */
  dropIdle(): void {
    for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  /** No connection is kept any more; what runs goes on to its end. */
  retire(): void {
    this.#retired = true;
    this.dropIdle();
  }

  #outdated(socket: Duplex): boolean {
    if (this.#retired) return true;
    try {
      return this.#made.get(socket) !== this.#credential.identity();
    } catch {
      return true;
    }
  }
}
