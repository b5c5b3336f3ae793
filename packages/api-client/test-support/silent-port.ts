import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A port that takes connections and, unless told what to do with them, never says a word. */
export interface SilentPort extends AsyncDisposable {
  readonly address: string;
  /** Settles when the first connection has said something. */
  readonly connected: Promise<void>;
  /** How many have. */
  readonly total: number;
  /** Settles when that many have. */
  connections(count: number): Promise<void>;
  /** Settles when none is left. */
  drained(): Promise<void>;
}

export async function silentPort(onSocket?: (socket: Socket) => void): Promise<SilentPort> {
  const open = new Set<Socket>();
  const waiting: { count: number; resolve: () => void }[] = [];
  let total = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
    // Without reading, the end of the other side would go unseen.
    socket.resume();
    socket.once('data', () => {
      total += 1;
      for (const { count, resolve } of waiting) if (total >= count) resolve();
    });
    onSocket?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connections = (count: number): Promise<void> =>
    total >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: connections(1),
    get total() {
      return total;
    },
    connections,
    drained: async () => {
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
