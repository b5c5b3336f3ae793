import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { answerTo, type ControlAnswer, type ControlRequest, MAX_LINE_BYTES, resultOf } from './control.ts';

const FILE = 'control.sock';

/** Where a running cluster takes commands: a socket in its data directory, for the directory's owner alone. */
export class ControlSocket implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #path: string;

  private constructor(dataDir: string, perform: (operation: string, fields: unknown) => Promise<unknown>) {
    this.#path = join(resolve(dataDir), FILE);
    // A client says all, then ends its side and waits.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
      const answer = (value: ControlAnswer): void => void socket.end(`${JSON.stringify(value)}\n`);
      readLine(socket).then(
        async (line) => answer(await answerTo(line, perform)),
        () => socket.destroy(),
      );
    });
  }

  /** @param dataDir of which this process has the lock */
  static async open(
    dataDir: string,
    perform: (operation: string, fields: unknown) => Promise<unknown>,
  ): Promise<ControlSocket> {
    const control = new ControlSocket(dataDir, perform);
    rmSync(control.#path, { force: true });
    await atShortPath(dataDir, (path) => {
      return new Promise<void>((done, reject) => {
        control.#server.once('error', reject);
        // The file must never be anybody else's to open, not even for a moment.
        const before = process.umask(0o177);
        try {
          control.#server.listen(path, done);
        } finally {
          process.umask(before);
        }
      });
    });
    return control;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#open) socket.destroy();
    await closed;
    rmSync(this.#path, { force: true });
  }
}

/**
 * Sends a command to the cluster that runs on `dataDir`.
 *
 * @returns undefined when nobody listens there
 * @throws TeleportError what the cluster says, or `connection_problem` when it ends before it has answered
 */
export async function callControlSocket(
  dataDir: string,
  request: ControlRequest,
): Promise<{ readonly result: unknown } | undefined> {
  const socket = await atShortPath(dataDir, connected);
  if (!socket) return undefined;
  try {
    socket.end(`${JSON.stringify(request)}\n`);
    return { result: resultOf(await readLine(socket)) };
  } finally {
    socket.destroy();
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((done, reject) => {
    const socket = connect(path);
    socket.once('connect', () => done(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') done(undefined);
      else reject(new TeleportError('connection_problem', `${path}: ${error.message}`, { cause: error }));
    });
  });
}

/** Everything up to the first newline. */
function readLine(socket: Socket): Promise<string> {
  const ended = (cause?: unknown): TeleportError =>
    new TeleportError('connection_problem', 'the running cluster ended before it answered', { cause });
  return new Promise((done, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (chunk.includes(0x0a)) done((Buffer.concat(chunks).toString().split('\n', 1) as [string])[0]);
      else if (bytes > MAX_LINE_BYTES) reject(new TeleportError('limit_exceeded', 'the line is too long'));
    });
    socket.on('error', (error) => reject(ended(error)));
    socket.once('end', () => reject(ended()));
    socket.once('close', () => reject(ended()));
  });
}

/**
 * Lets `act` have the socket's path. Systems take about a hundred bytes for the path of a socket, data directories may be
 * deeper: these are reached over a link.
 */
async function atShortPath<T>(dataDir: string, act: (path: string) => Promise<T>): Promise<T> {
  const path = join(resolve(dataDir), FILE);
  if (Buffer.byteLength(path) < 100) return act(path);
  const folder = mkdtempSync(join(tmpdir(), 'dc-'));
  const link = join(folder, 'd');
  symlinkSync(resolve(dataDir), link);
  try {
    return await act(join(link, FILE));
  } finally {
    unlinkSync(link);
    rmSync(folder, { recursive: true });
  }
}
