import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** A connection, and how many calls are on it that the process should live on for. */
interface Used {
  readonly session: ClientHttp2Session;
  calls: number;
}

/**
 * One HTTP/2 connection over a unix socket, made at the first call and again after it was lost.
 *
 * It keeps the process alive only while a call is on its way that should.
 */
export class GrpcConnection {
  readonly #path: string;
  #used: Used | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The connection to put a call on; `release` says that the call has ended.
   *
   * @param keepAlive whether the process lives on for the call
   */
  acquire(keepAlive: boolean): { readonly session: ClientHttp2Session; release(): void } {
    const used = this.#usable() ?? this.#open();
    const { session } = used;
    if (!keepAlive) return { session, release: () => {} };
    if (used.calls++ === 0) session.ref();
    return {
      session,
      release: () => {
        if (--used.calls === 0 && !session.destroyed) session.unref();
      },
    };
  }

  /** Ends the connection at once. A graceful close would wait for ever for a peer that never answers. */
  close(): void {
    this.#used?.session.destroy();
    this.#used = undefined;
  }

  #usable(): Used | undefined {
    const session = this.#used?.session;
    return session && !session.destroyed && !session.closed ? this.#used : undefined;
  }

  #open(): Used {
    const session = connect('http://localhost', { createConnection: () => connectSocket(this.#path) });
    // A failure reaches every stream as well, and is reported there; unheard it would end the process.
    session.on('error', () => {});
    const used = { session, calls: 0 };
    session.on('goaway', () => {
      if (this.#used === used) this.#used = undefined;
    });
    session.unref();
    this.#used = used;
    return used;
  }
}
