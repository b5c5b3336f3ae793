import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';

export interface RawTlsOptions {
  /** `host:port`, or a stream to speak TLS in. */
  readonly to: string | Duplex;
  readonly protocols?: readonly string[];
  readonly serverName?: string;
  readonly identity?: { readonly key: string; readonly cert: string };
}

/** A TLS connection that checks nothing, for tests that look at what a server does. Rejects when the handshake fails. */
export async function rawTls({ to, protocols, serverName, identity }: RawTlsOptions): Promise<TLSSocket> {
  const socket = connect({
    ...(typeof to === 'string' ? addressOf(to) : { socket: to }),
    servername: serverName ?? 'localhost',
    rejectUnauthorized: false,
    ...(protocols && { ALPNProtocols: [...protocols] }),
    ...identity,
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** A TCP connection. */
export async function rawTcp(address: string): Promise<Socket> {
  const socket = connectTcp(addressOf(address));
  await once(socket, 'connect');
  return socket;
}

/** The lines of a request, and everything that comes back until `isDone` says so or the server ends it. */
export async function exchangeText(
  socket: Duplex,
  text: string,
  isDone: (received: string) => boolean = () => false,
): Promise<string> {
  let received = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (isDone(received)) resolve();
    });
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });
  socket.write(text);
  await ended;
  return received;
}

function addressOf(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
