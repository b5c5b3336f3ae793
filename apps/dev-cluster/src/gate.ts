import type { Socket } from 'node:net';

/** Every connection of a cluster comes through here, and through here it can be cut off from everybody. */
export class Gate {
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<(isOpen: boolean) => void>();
  #isListening = false;
  #partition: { readonly silent: boolean } | undefined;

  /** Whether the cluster can be reached. */
  get isOpen(): boolean {
    return this.#isListening && !this.#partition;
  }

  /** Lets a new connection in, or sees to it that nothing comes of it. */
  admit(socket: Socket): boolean {
    socket.on('error', () => socket.destroy());
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (!this.#partition) return true;
    // Read all the same: how else would one know that the other side has given up?
    if (this.#partition.silent) socket.resume();
    else socket.resetAndDestroy();
    return false;
  }

  setListening(isListening: boolean): void {
    this.#change(() => {
      this.#isListening = isListening;
    });
  }

  /** Breaks all connections; what comes from now on is reset, or with `silent` swallowed without an answer. */
  shut(silent: boolean): void {
    this.#change(() => {
      this.#partition = { silent };
    });
    this.#reset();
  }

  /** Undoes {@link shut}; connections that were left waiting are reset. */
  heal(): void {
    if (!this.#partition) return;
    this.#reset();
    this.#change(() => {
      this.#partition = undefined;
    });
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Calls `listener` whenever the cluster begins or ceases to be reachable; returns what ends that. */
  subscribe(listener: (isOpen: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #change(change: () => void): void {
    const before = this.isOpen;
    change();
    if (this.isOpen !== before) for (const listener of this.#listeners) listener(this.isOpen);
  }
}
