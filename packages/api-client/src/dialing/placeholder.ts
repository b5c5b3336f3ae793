import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** An address as grpc-js takes it. */
export type PlaceholderAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * Something to connect to. grpc-js makes a socket of its own before anything else, also where the bytes go another way;
 * that socket ends here, unused. One for the process, there only while somebody needs it.
 */
class Placeholder {
  #users = 0;
  #server: Promise<{ server: Server; address: PlaceholderAddress }> | undefined;

  /** Where to connect to, until {@link release}. */
  async acquire(): Promise<PlaceholderAddress> {
    this.#users += 1;
    this.#server ??= listen();
    try {
      return (await this.#server).address;
    } catch (error) {
      this.#users -= 1;
      this.#server = undefined;
      throw error;
    }
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    const ended = this.#server;
    this.#server = undefined;
    void ended?.then(({ server }) => server.close());
  }
}

export const placeholder: Placeholder = new Placeholder();

async function listen(): Promise<{ server: Server; address: PlaceholderAddress }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.destroy();
  });
  // An abstract name is in no folder, and nobody outside this machine reaches it. Only Linux has them.
  const path = `\0teleport-ts-${process.pid}-${crypto.randomUUID()}`;
  if (process.platform === 'linux') server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') return { server, address: { path } };
  return { server, address: { host: address.address, port: address.port } };
}
