import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';

/**
 * One HTTP/2 connection over a unix socket, made at the first call and again after it was lost.
 *
 * It keeps the process alive only while a call is on its way.
 */
export class GrpcConnection {
  readonly #path: string;
  #session: ClientHttp2Session | undefined;
  #calls = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The connection to put a call on; `release` says that the call has ended. */
  acquire(): { readonly session: ClientHttp2Session; release(): void } {
    const session = this.#usable() ?? this.#open();
    if (this.#calls++ === 0) session.ref();
    return {
      session,
      release: () => {
        if (--this.#calls === 0 && !session.destroyed) session.unref();
      },
    };
  }

  /** Ends the connection at once. A graceful close would wait for ever for a peer that never answers. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #usable(): ClientHttp2Session | undefined {
    const session = this.#session;
    return session && !session.destroyed && !session.closed ? session : undefined;
  }

  #open(): ClientHttp2Session {
    const session = connect('http://localhost', { createConnection: () => connectSocket(this.#path) });
    // A failure reaches every stream as well, and is reported there; unheard it would end the process.
    session.on('error', () => {});
    session.on('goaway', () => {
      if (this.#session === session) this.#session = undefined;
    });
    this.#session = session;
    return session;
  }
}
