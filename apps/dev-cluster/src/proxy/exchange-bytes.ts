import type { Socket } from 'node:net';

/**
 * Writes what comes into a connection and gives what it answers, both at the pace of who reads. When the connection ends or
 * breaks, that is the end; so is the end of what comes, unless it is told to outlive it.
 *
 * @throws whatever `incoming` throws
 */
export async function* exchangeBytes(
  socket: Socket,
  incoming: AsyncIterable<Uint8Array>,
  { signal, outlivesInput = false }: { readonly signal: AbortSignal; readonly outlivesInput?: boolean },
): AsyncGenerator<Buffer> {
  const end = (): void => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  let isOver = false;
  let failure: unknown;
  const writing = write(socket, incoming).then(
    () => {
      if (!outlivesInput) end();
    },
    (error) => {
      if (!isOver) failure = error;
      end();
    },
  );
  try {
    for await (const bytes of socket as AsyncIterable<Buffer>) yield bytes;
  } catch {
    // It broke, or was closed from here.
  } finally {
    isOver = true;
    signal.removeEventListener('abort', end);
    end();
  }
  if (failure !== undefined) throw failure;
  void writing;
}

async function write(socket: Socket, incoming: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of incoming) {
    if (socket.destroyed) return;
    if (!socket.write(bytes)) await drainedOrClosed(socket);
  }
}

function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
