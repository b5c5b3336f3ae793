import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { webCertificate } from './pki.ts';

/** A proxy's web address that upgrades connections, well or badly. */
export interface UpgradeServer extends AsyncDisposable {
  readonly port: number;
  readonly ca: string;
  readonly open: ReadonlySet<Socket>;
  readonly asked: { readonly path: string; readonly protocol: string | undefined }[];
}

interface UpgradeOptions {
  /** The bytes inside, once upgraded. Frames are the library's. */
  readonly onStream?: (
    send: (bytes: Buffer) => void,
    close: () => void,
    received: (on: (bytes: Buffer) => void) => void,
  ) => void;
  /** What it says of itself. */
  readonly find?: object;
  /** Instead of an upgrade. */
  readonly answer?: (request: IncomingMessage, socket: Duplex) => void;
}

export async function upgradeServer({ onStream, answer, find }: UpgradeOptions): Promise<UpgradeServer> {
  const { key, cert, ca } = webCertificate();
  const open = new Set<Socket>();
  const asked: { path: string; protocol: string | undefined }[] = [];
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (wanted) => [...wanted][0] ?? false });
  const server: Server = createServer({ key, cert }, (_request, response) =>
    find ? response.end(JSON.stringify(find)) : response.writeHead(404).end(),
  );
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    asked.push({ path: request.url ?? '', protocol: request.headers['sec-websocket-protocol'] });
    if (answer) {
      socket.on('end', () => socket.destroy()).resume();
      answer(request, socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (upgraded) => {
      upgraded.on('error', () => {});
      onStream?.(
        (bytes) => upgraded.send(bytes),
        () => upgraded.terminate(),
        (on) => upgraded.on('message', (data) => on(data as Buffer)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    open,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
