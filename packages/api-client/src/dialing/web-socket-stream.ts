import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/**
 * A WebSocket as a byte stream: its messages are bytes, where one ends means nothing. The library's own wrapper waits half
 * a minute for the other side to say goodbye after a broken frame; this one is gone at once.
 */
export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;

  /** @param socket one that is open */
  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.on('message', (data) => {
      if (!this.push(data as Buffer)) socket.pause();
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => {
      this.push(null);
      this.destroy();
    });
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: true }, done);
  }

  override _final(done: () => void): void {
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.CLOSED) {
      this.#socket.once('close', () => done(error));
      this.#socket.terminate();
    } else done(error);
  }
}
